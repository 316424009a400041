import { beforeEach, describe, expect, it } from 'vitest';
import { cache, flow, param, task } from '../../src/index.js';
import { failureOf, freshHome, recorded } from './engine/workbench.js';

// What users of Prefect 1 and Metaflow write to go on with a run that failed, in Millrace.

let ran: string[] = [];
let isOut = false;
beforeEach(() => {
  freshHome();
  ran = [];
  isOut = false;
});

type Row = Readonly<Record<string, number>>;
const ROWS: readonly Row[] = Array.from({ length: 20 }, (_, at) => ({ x: at, label: at % 2 }));

const readRows = task(() => {
  ran.push('readRows');
  return ROWS;
});
const train = task((rows: readonly Row[], kind: string) => {
  ran.push(`train ${kind}`);
  return { kind, size: rows.length };
});
const choose = task((models: readonly { kind: string; size: number }[]) => {
  ran.push('choose');
  if (isOut) throw new Error('the disk of models is out');
  return models[0]?.kind;
});
const trainFlow = flow('ClassifierTrainFlow', () => {
  const rows = readRows();
  return choose([train(rows, 'knn'), train(rows, 'svc')]);
});

describe('Metaflow: resume', () => {
  it('S30: the last run, or a given one from a step', async () => {
    isOut = true;
    await failureOf(trainFlow.run());
    isOut = false;
    ran = [];
    expect(await trainFlow.resume()).toBe('knn');
    expect(ran).toEqual(['choose']);
    ran = [];
    const { run } = await recorded('ClassifierTrainFlow/latest');
    expect(await trainFlow.resume({ runId: run.id, from: choose })).toBe('knn');
    expect(ran).toEqual(['choose']);
  });
});

describe('Prefect 1: a re-run starts where the last one failed', () => {
  it('S20, S30: with and without a cache', async () => {
    const dataEngineer = flow('data-engineer', { params: { kind: param({ default: 'knn' }) } }, ({ kind }) => choose([train(readRows(), kind)]));
    for (const one of [dataEngineer.with({ cache: cache.default }), dataEngineer]) {
      isOut = true;
      await failureOf(one.run({ kind: 'svc' }));
      isOut = false;
      ran = [];
      expect(await one.resume()).toBe('svc');
      expect(ran).toEqual(['choose']);
    }
  });
});
