import { describe, expect, it } from 'vitest';
import { changes, names, project } from './sources.js';

const FLOW = `import { task } from 'millrace';
import { normalise } from './clean.js';
import { LIMIT } from './barrel.js';

export const clean = task(async (rows: string[]) => rows.map(normalise));
const score = task((n: number): number => n * LIMIT, { retries: 3 });
export const plain = task((n: number) => n + 1);
export { score };
`;
const FILES = {
  'flow.ts': FLOW,
  'clean.ts': `import { trim } from './text.js';\nexport function normalise(row: string): string {\n  return trim(row);\n}\nexport function other(): void {}\n`,
  'text.ts': `export const trim = (text: string) => text.trim();\n`,
  'barrel.ts': `export * from './limits.js';\n`,
  'limits.ts': `export const LIMIT = 3;\nexport const UNUSED = 4;\n`,
};
const TASKS = ['clean', 'score', 'plain'];

describe('what a task reaches', () => {
  it('is followed through imports and barrels, exported or not', async () => {
    const p = project(FILES);
    expect(names(await p.code('clean'))).toEqual(['flow.ts: clean', 'clean.ts: normalise', 'text.ts: trim']);
    expect(names(await p.code('score'))).toEqual(['flow.ts: score', 'limits.ts: LIMIT']);
    expect(names(await p.code('plain'))).toEqual(['flow.ts: plain']);
    const parts = await Promise.all(TASKS.map((name) => p.code(name)));
    expect(parts.map(({ unsure, captured, outdated }) => ({ unsure, captured, outdated }))).toEqual(
      TASKS.map(() => ({ unsure: undefined, captured: [], outdated: undefined })),
    );
  });

  it('S22: a helper two imports away counts for who reaches it, and for nobody else', async () => {
    const p = project(FILES);
    expect(await p.changedBy({ 'text.ts': 'export const trim = (text: string) => text.trim().toLowerCase();\n' }, TASKS)).toEqual(['clean']);
    expect(await p.changedBy({ 'limits.ts': 'export const LIMIT = 5;\nexport const UNUSED = 4;\n' }, TASKS)).toEqual(['score']);
  });

  it('S22: neighbours, unused declarations, comments, formatting and types do not count', async () => {
    const p = project(FILES);
    expect(await p.changedBy({ 'flow.ts': FLOW.replace('n + 1', 'n + 2') }, TASKS)).toEqual(['plain']);
    p.write(FILES);
    expect(await p.changedBy({ 'limits.ts': 'export const LIMIT = 3;\nexport const UNUSED = 9;\n' }, TASKS)).toEqual([]);
    expect(
      await p.changedBy(
        {
          'clean.ts': `// Why.\nimport { trim } from './text.js'\nexport interface Row { a: 1 }\n\nexport function normalise( row : string | String ) { /* here */ return trim( row as string )! }`,
        },
        TASKS,
      ),
    ).toEqual([]);
    expect(
      await p.changedBy({ 'flow.ts': FLOW.replace('retries: 3', 'retries: 9, timeout: "1s"').replace('(n: number): number =>', 'n =>') }, TASKS),
    ).toEqual([]);
  });

  it('S23: reverting an edit gives the digest it had', async () => {
    const p = project(FILES);
    const before = await p.code('clean');
    p.write({ 'text.ts': 'export const trim = (text: string) => text;\n' });
    const edited = await p.code('clean');
    expect(edited.digest).not.toBe(before.digest);
    expect(changes(before, edited)).toEqual(['text.ts: trim']);
    p.write({ 'text.ts': FILES['text.ts'] });
    expect((await p.code('clean')).digest).toBe(before.digest);
  });
});
