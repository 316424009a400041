import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client } from 'millrace/client';
import { afterAll, describe, expect, it } from 'vitest';
import { removeLeftovers } from '../../src/runtime/past/removal.js';
import { openProject } from '../../src/runtime/project.js';
import { freshSchema, onServer } from '../postgres/fresh-schema.js';
import { fixture, type RecordedRun, type Shell, shellIn } from './spawned.js';

const server = process.env.MILLRACE_TEST_POSTGRES_URL ?? '';
const root = mkdtempSync(join(tmpdir(), 'millrace-machines-'));
const drops: (() => Promise<void>)[] = [];
afterAll(async () => {
  rmSync(root, { recursive: true, force: true });
  for (const drop of drops) await drop();
});

const FIXTURE = fixture('large-result.ts');

interface Machines {
  readonly url: string;
  readonly schema: string;
  readonly alpha: Shell;
  readonly beta: Shell;
  /** From now on, what was run so far was run on another machine. */
  readonly leave: () => Promise<void>;
}

/** Two machines are two folders, and an owner of another boot under another name. */
function machines(): Machines {
  const schema = `machines_${process.pid}_${drops.length}`;
  const { url, drop } = freshSchema(server, schema);
  drops.push(drop);
  const shell = (): Shell => shellIn(mkdtempSync(join(root, 'machine-')), { MILLRACE_DATABASE_URL: url });
  const leave = async (): Promise<void> => {
    await onServer(server, `UPDATE ${schema}.run SET owner = (owner::jsonb || '{"host":"alpha","bootId":"another"}')::text`);
  };
  return { url, schema, alpha: shell(), beta: shell(), leave };
}

describe.skipIf(server === '')('machines that share a record, and each have a store of their own', () => {
  it('S25: what lies on another machine is not missing: a look-up says where it lies, and what to do', async () => {
    const { url, alpha, beta, leave } = machines();
    expect((await alpha.millrace('run', FIXTURE)).code).toBe(0);
    await leave();
    // As if the folder was on another disk.
    renameSync(alpha.folder, `${alpha.folder}-gone`);
    const looked = client({ url, home: join(beta.folder, '.millrace') } as Parameters<typeof client>[0]);
    const run = await looked.run('large/latest');
    const told = { code: 'RESULT_ELSEWHERE', message: expect.stringMatching(/file:\/\/.*machine 'alpha'/), hint: expect.stringContaining('store') };
    await expect((await run.task('big')).value()).rejects.toMatchObject(told);
    for (const artifact of await (await run.task('big')).artifacts().toArray()) await expect(artifact.load()).rejects.toMatchObject(told);
    // Small ones are in the record.
    expect(await (await run.task('small')).value()).toBe(3);
  });

  it.each([
    ['in another folder', false],
    ['in a folder of the same name', true],
  ])('S23: what lies on another machine, %s, is computed here, with the reason; and is an answer there still', async (_, isSameFolder) => {
    const { schema, alpha, beta, leave } = machines();
    expect((await alpha.millrace('run', FIXTURE)).code).toBe(0);
    await leave();
    const here = isSameFolder ? alpha : beta;
    if (isSameFolder) {
      renameSync(join(alpha.folder, '.millrace'), join(alpha.folder, 'there'));
      mkdirSync(join(alpha.folder, '.millrace'));
    }
    const preview = await here.millrace('preview', FIXTURE);
    expect(preview.out).toMatch(/big#0 \(pending.*machine 'alpha'/);
    const entries = async (): Promise<number> => (await onServer(server, `SELECT count(*)::int AS n FROM ${schema}.entry`))[0]?.n as number;
    const before = await entries();
    expect((await here.millrace('run', FIXTURE)).code).toBe(0);
    const run = await here.json<RecordedRun>('inspect', 'large/latest', '--all');
    const big = run.taskRuns.find(({ id }) => id === 'big#0') as unknown as { state: string; reason: { kind: string; detail: string } };
    expect([big.state, big.reason.kind, big.reason.detail]).toEqual(['success', 'missing', expect.stringContaining("machine 'alpha'")]);
    // Alpha's own entry is there beside the new one.
    expect(await entries()).toBe(before + 1);
  });

  it('runs rm deletes what lies here, and says what it left; the machine that has it deletes it when it comes by', async () => {
    const { url, alpha, beta, leave } = machines();
    await alpha.millrace('run', FIXTURE);
    await leave();
    const removed = await beta.millrace('runs', 'rm', 'large/latest');
    expect([removed.code, removed.out]).toEqual([0, expect.stringMatching(/left 1 file alone:.*another machine/)]);
    const files = (): readonly string[] => readdirSync(join(alpha.folder, '.millrace', 'store', 'results'), { recursive: true, encoding: 'utf8' });
    const isThere = (): boolean => files().some((name) => name.endsWith('.json'));
    expect(isThere()).toBe(true);
    // As each project folder does once a day, beside a run: first the one that does not have it, then the one that does.
    for (const [{ folder }, still] of [[beta, true] as const, [alpha, false] as const]) {
      await using project = await openProject({ url, home: join(folder, '.millrace') });
      await removeLeftovers(project);
      expect(isThere()).toBe(still);
    }
  });

  it('MILLRACE_RETENTION: who only looks from a folder without a project removes nothing; with one, once a day', async () => {
    const { url, alpha, beta } = machines();
    for (let n = 0; n < 3; n++) await alpha.millrace('run', FIXTURE);
    const keeping = (folder: string): Shell => shellIn(folder, { MILLRACE_DATABASE_URL: url, MILLRACE_RETENTION: 'keep=1' });
    const look = keeping(beta.folder);
    for (let n = 0; n < 2; n++) expect(await look.json<unknown[]>('runs')).toHaveLength(3);
    expect(existsSync(join(beta.folder, '.millrace'))).toBe(false);
    const tidy = keeping(alpha.folder);
    // It goes on beside the look, to its end.
    await tidy.json<unknown[]>('runs');
    expect(await alpha.json<unknown[]>('runs')).toHaveLength(1);
    for (let n = 0; n < 2; n++) await alpha.millrace('run', FIXTURE);
    await tidy.json<unknown[]>('runs');
    expect(await alpha.json<unknown[]>('runs')).toHaveLength(3);
  });
});
