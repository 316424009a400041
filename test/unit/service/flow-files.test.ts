import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FlowData } from '../../../src/service/flow-data.js';
import { FlowFiles } from '../../../src/service/flow-files.js';
import type { FileReading } from '../../../src/service/read-flow-file.js';
import type { ServiceEvent } from '../../../src/service/service-event.js';

const TEXT = "import { flow } from 'millrace';\nexport default flow('x', () => 1);\n";

let folder: string;
let now: number;
let events: ServiceEvent[];
let read: string[];
/** What a file comes to; an error is thrown. */
let readings: Record<string, FileReading | Error>;
let files: FlowFiles;
/** Loading waits for it. */
let holds: (name: string) => Promise<void> | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-flow-files-'));
  now = Date.now() + 60_000;
  events = [];
  read = [];
  readings = {};
  holds = () => undefined;
  files = new FlowFiles({
    folder,
    read: async (path) => {
      const name = path.slice(folder.length + 1);
      read.push(name);
      await holds(name);
      const reading = readings[name] ?? { flows: [] };
      if (reading instanceof Error) throw reading;
      return reading;
    },
    tell: (event) => events.push(event),
    now: () => now,
    changed: () => {},
  });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let written = 0;
async function write(name: string, text = TEXT): Promise<void> {
  await mkdir(join(folder, name, '..'), { recursive: true });
  await writeFile(join(folder, name), text);
  // Two changes within one tick of the file system's clock are two changes all the same.
  await utimes(join(folder, name), 1_000, 1_000 + written++);
}

function flows(...names: readonly string[]): FileReading {
  const data = (name: string): FlowData => ({
    name,
    tags: [],
    schedules: [],
    on: [],
    missed: 'latest',
    overlap: 'queue',
    dependsOnPast: false,
    retries: 0,
    parameters: [],
    parametersSchema: {},
  });
  return { flows: names.map(data), modules: [] };
}

const served = (): readonly string[] => files.flows().map(({ data }) => data.name);

async function scan(): Promise<readonly string[]> {
  read = [];
  now += 1_000;
  await files.scan();
  return read.sort();
}

describe('flow files of a folder', () => {
  it('loads what may hold flows, and nothing else', async () => {
    for (const name of ['a.ts', 'deep/b.mjs', 'c.test.ts', 'd.d.ts', 'node_modules/e/e.js', '.hidden/f.ts', 'g.json']) await write(name);
    await write('no-flow.ts', "import { task } from 'millrace';\n");
    await write('script.ts', "import { clean } from './a.js';\nawait clean.run();\n");
    readings = { 'a.ts': flows('a'), 'deep/b.mjs': flows('b', 'c') };
    expect(await scan()).toEqual(['a.ts', 'deep/b.mjs']);
    expect(served()).toEqual(['a', 'b', 'c']);
    expect(await scan()).toEqual([]);
  });

  it('loads again what has changed, what it imports included, and tells only news', async () => {
    await write('a.ts');
    await write('helper.ts', 'export const x = 1;');
    await write('other.ts', 'export const y = 1;');
    readings = { 'a.ts': { ...flows('a'), modules: [join(folder, 'helper.ts')] } };
    await scan();
    await write('other.ts', 'export const y = 2;');
    expect(await scan()).toEqual([]);
    await write('helper.ts', 'export const x = 2;');
    expect(await scan()).toEqual(['a.ts']);
    expect(events.map(({ type }) => type)).toEqual(['file-loaded']);
    await write('a.ts', `${TEXT}// changed\n`);
    await scan();
    expect(events.map(({ type }) => type)).toEqual(['file-loaded', 'file-loaded']);
  });

  it('of a file that Node loads as it is, every source file counts', async () => {
    await write('a.mjs');
    await write('helper.mjs', 'export const x = 1;');
    readings = { 'a.mjs': { flows: flows('a').flows } };
    await scan();
    await write('helper.mjs', 'export const x = 2;');
    expect(await scan()).toEqual(['a.mjs']);
  });

  it('of a broken file nothing is started until it is mended; it is shown with what it had', async () => {
    await write('a.ts');
    await write('b.ts');
    readings = { 'a.ts': flows('a'), 'b.ts': flows('b') };
    await scan();
    readings['a.ts'] = new Error('a.ts:1: oh');
    await write('a.ts', `${TEXT}{`);
    await scan();
    expect(served()).toEqual(['b']);
    expect(files.files().find(({ path }) => path === 'a.ts')).toMatchObject({ error: 'a.ts:1: oh', flows: [{ name: 'a' }] });
    expect(events.at(-1)).toEqual({ type: 'file-broken', file: 'a.ts', error: 'a.ts:1: oh' });
    // What it needs may be there by now, without a change of its own.
    expect(await scan()).toEqual([]);
    now += 60_000;
    readings['a.ts'] = flows('a');
    expect(await scan()).toEqual(['a.ts']);
    expect(served()).toEqual(['a', 'b']);
    expect(files.files().map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it('of two flows of one name the first is served, until it goes', async () => {
    await write('a.ts');
    readings = { 'a.ts': flows('same') };
    await scan();
    await write('_first-by-name.ts');
    readings['_first-by-name.ts'] = flows('same', 'own');
    await scan();
    expect(served()).toEqual(['own', 'same']);
    expect(events.at(-2)).toEqual({ type: 'file-broken', file: '_first-by-name.ts', error: "flow 'same' is served from a.ts already" });
    await rm(join(folder, 'a.ts'));
    await scan();
    await scan();
    expect(events.map(({ type }) => type)).toContain('file-removed');
    expect(served()).toEqual(['same', 'own']);
  });

  it('a file that takes long to load keeps no other waiting', async () => {
    await write('slow.ts');
    let finish = (): void => {};
    const slow = new Promise<void>((resolve) => {
      finish = resolve;
    });
    readings = { 'slow.ts': flows('slow'), 'a.ts': flows('a'), 'b.ts': flows('b') };
    holds = (name) => (name === 'slow.ts' ? slow : undefined);
    const all = files.scan();
    for (const name of ['a.ts', 'b.ts']) {
      await write(name);
      now += 10_000;
      files.refresh(now);
      await until(() => served().includes(name.slice(0, 1)));
    }
    expect(served()).toEqual(['a', 'b']);
    finish();
    await all;
    expect(served()).toEqual(['a', 'b', 'slow']);
  });

  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
  }

  it('a folder that cannot be read is told of once; what was found in it is served on', async () => {
    await write('a.ts');
    readings = { 'a.ts': flows('a') };
    await scan();
    await rm(folder, { recursive: true });
    for (let turn = 0; turn < 3; turn++) {
      now += 60_000;
      files.refresh(now);
      await files.scan().catch(() => {});
    }
    expect(events.filter(({ type }) => type === 'trouble')).toMatchObject([{ step: 'looking through the folder' }]);
    expect(served()).toEqual(['a']);
  });

  it('a file that lost its flows is served no more', async () => {
    await write('a.ts');
    readings = { 'a.ts': flows('a') };
    await scan();
    readings = {};
    await write('a.ts', '// nothing');
    await scan();
    expect([served(), files.files()]).toEqual([[], []]);
    expect(events.at(-1)).toEqual({ type: 'file-removed', file: 'a.ts', flows: ['a'] });
  });

  it('a schedule that cannot be followed is told of, and harms no other', async () => {
    await write('a.ts');
    const [good, bad] = flows('good', 'bad').flows as [FlowData, FlowData];
    const spec = { kind: 'cron', expression: 'never', timezone: 'UTC' } as const;
    readings = { 'a.ts': { flows: [good, { ...bad, schedules: [{ text: 'cron never', params: {}, spec }] }] } };
    await scan();
    expect(served()).toEqual(['good']);
    expect(files.files()[0]?.error).toContain("the schedule of flow 'bad' cannot be followed");
  });
});
