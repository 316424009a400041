import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, fixture, shellIn } from './spawned.js';

/** With a quote, a slash and a letter beyond ASCII, so that JSON, URLs and base64 spell it in ways of their own. */
const CANARY = 'cänary"7f3a/9Zq+secret';
const OTHER = 'öther"81cd/2Wx+secret';
/** Of the file of secrets: a parameter, and what a flow only declares. */
const WORD = 'canary-word-5e1d';
const DECLARED = 'canary-declared-77aa';
const SPELLINGS = [CANARY, OTHER, WORD, DECLARED].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  encodeURIComponent(secret),
  Buffer.from(secret).toString('base64').slice(0, -4),
  Buffer.from(`user:${secret}`).toString('base64').slice(8, -4),
  // The part that no encoding but base64 changes.
  secret.slice(7, 14),
]);

const FILE = fixture('secrets.ts');
const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
const { millrace, start } = shellIn(folder);
const printed: Record<string, Ended> = {};

/** Where they lie on purpose. */
const OWN_FILES = ['secrets', 'included.txt'];

beforeAll(async () => {
  mkdirSync(join(folder, '.millrace'));
  writeFileSync(join(folder, '.millrace', 'secrets'), `CANARY_WORD=${WORD}\nCANARY_OF_FILE="${DECLARED}"\n`, { mode: 0o600 });
  writeFileSync(join(folder, 'included.txt'), `a note about ${WORD}, and ${DECLARED}\n`);
  const run = ['run', FILE, 'guarded'];
  printed['run, as lines of JSON'] = await millrace(...run, '-p', `token=${CANARY}`);
  printed['run --quiet, failing'] = await millrace(...run, '-q', '-p', `token=${CANARY}`, '-p', 'fail=true');
  printed['run --json, failing'] = await millrace(...run, '--json', '--debug', '-p', `token=${CANARY}`, '-p', 'fail=true');
  printed['a refused parameter'] = await millrace(...run, '-p', `token=${CANARY}`, '-p', 'fail=perhaps');
  printed['from the environment, with another value'] = await shellIn(folder, { MILLRACE_PARAM_TOKEN: OTHER }).millrace(...run, '--json');
  const looks = [
    'report guarded/latest -o -',
    'runs',
    'runs --json',
    'inspect guarded/latest',
    'inspect guarded/latest --json',
    'inspect guarded/latest/call',
  ];
  const more = ['inspect guarded/latest/call --json', 'logs guarded/latest', 'logs guarded/latest --json', 'inspect guarded/latest/check'];
  for (const look of [...looks, ...more]) printed[look] = await start(...look.split(' ')).ended;
  const artifacts = ['markdown', 'rows', 'value', 'plot', 'svg', 'figure', 'file', 'text', 'large'];
  for (const name of artifacts) printed[`artifact ${name}`] = await millrace('inspect', 'guarded/latest/leak', '--artifact', name, '-o', '-');
  for (const name of ['rows', 'value']) printed[`${name} as JSON`] = await millrace('inspect', 'guarded/latest/leak', '--artifact', name, '--json');
  printed['artifact summary'] = await millrace('inspect', 'guarded/latest', '--artifact', 'summary');
  printed['artifact included'] = await millrace('inspect', 'guarded/latest', '--artifact', 'included', '-o', '-');
  printed['inspect the leak'] = await millrace('inspect', 'guarded/latest/leak', '--json');
  for (const format of ['dot', 'svg', 'mermaid', 'json'])
    printed[`visualize ${format}`] = await millrace('visualize', FILE, 'guarded', '--run', 'guarded/latest', '--format', format);
  printed['a wrong file'] = await millrace(...run, '-p', `token=${CANARY}`, '-p', `included=/nowhere/${CANARY}`);
  printed.preview = await millrace('preview', FILE, 'guarded', '-p', `token=${CANARY}!`);
  printed['preview --json'] = await millrace('preview', FILE, 'guarded', '--json', '-p', `token=${CANARY}!`);
  printed.show = await millrace('show', FILE, 'guarded', '-p', `token=${CANARY}`);
  // Some forty commands, one after the other.
}, 240_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a secret parameter is shown nowhere (S18)', () => {
  it('not by any command, on either stream, in any spelling', () => {
    const leaks = Object.entries(printed).flatMap(([command, { out, err }]) =>
      SPELLINGS.filter((text) => (out + err).includes(text)).map((text) => `${command}: ${text}`),
    );
    expect(leaks).toEqual([]);
  });

  it('not in the bytes of the database, or of any file of the project', () => {
    const all = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const files = all.filter(({ name }) => !OWN_FILES.includes(name));
    expect(files.map(({ name }) => name)).toContain('millrace.db');
    const leaks = files.flatMap(({ name, parentPath }) => {
      const bytes = readFileSync(join(parentPath, name));
      return SPELLINGS.filter((text) => bytes.includes(text)).map((text) => `${name}: ${text}`);
    });
    expect(leaks).toEqual([]);
  });

  it('and the runs were real: the task had it, the masked lines are there, and the failure is told', () => {
    expect(JSON.parse(printed['from the environment, with another value']?.out ?? '')).toMatchObject({
      state: 'success',
      result: [OTHER.length, OTHER.length, null],
    });
    expect(printed['run, as lines of JSON']).toMatchObject({ code: 0, out: expect.stringContaining('plain ***') });
    expect(printed['run --quiet, failing']).toMatchObject({ code: 1, err: expect.stringContaining('refused: ***') });
    expect(printed['artifact markdown']).toMatchObject({ code: 0, out: 'it is ***' });
    expect(printed['artifact rows']).toMatchObject({ code: 0, out: '[{"token":"***","***":[1]}]' });
    expect(printed['artifact included']).toMatchObject({ code: 0, out: 'a note about ***, and ***\n' });
    expect(printed['artifact large']?.out).toMatch(/no play \*\*\*$/);
    expect(printed['artifact file']?.out).toBe('# ***\n');
    expect(JSON.parse(printed['inspect the leak']?.out ?? '')).toMatchObject({ metrics: [{ name: 'of-***', count: 1 }], artifacts: [{ name: '' }] });
    expect(printed['visualize dot']).toMatchObject({ code: 0, out: expect.stringContaining('leak') });
    expect(printed['inspect guarded/latest']?.out).toContain('token = ');
    expect(printed['a refused parameter']).toMatchObject({ code: 2, err: expect.stringContaining("parameter 'fail'") });
  });
});
