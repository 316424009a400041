import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runMillrace } from './run-millrace.js';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-errors-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const millrace = async (...args: readonly string[]): Promise<CommandResult> => await runMillrace(folder, args);

describe('a flow file that cannot be used, as the command line tells it (S32)', () => {
  it('a syntax error: its place, its line with a caret, exit code 2', async () => {
    writeFileSync(join(folder, 'broken.ts'), 'const b = { x: 1 y: 2 };\n');
    const { code, out, err } = await millrace('show', 'broken.ts');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`error[FLOW_FILE_SYNTAX]: ${join(folder, 'broken.ts')}:1:18: `);
    expect(err).toContain('> 1 | const b = { x: 1 y: 2 };\n    |                  ^\n');
  });

  it('a file that throws: the place in the TypeScript source, exit code 1', async () => {
    writeFileSync(
      join(folder, 'rows.ts'),
      'interface Row { readonly x: number }\n\nexport const first = (rows: readonly Row[]): number => (rows[0] as Row).x;\n',
    );
    writeFileSync(join(folder, 'throws.ts'), "import { first } from './rows.js';\nexport const x = first([]);\n");
    const { code, err } = await millrace('run', 'throws.ts');
    expect(code).toBe(1);
    expect(err).toContain(`error[FLOW_FILE_THREW]: ${join(folder, 'rows.ts')}:3:`);
    expect(err).toContain('> 3 | export const first');
    expect(err).not.toContain('    at ');
  });

  it('a file that throws before its exports: what it threw, not that these are missing', async () => {
    writeFileSync(join(folder, 'early.ts'), "throw new Error('no licence');\nexport const x = [1].at(0);\n");
    const { code, err } = await millrace('run', 'early.ts');
    expect(code).toBe(1);
    expect(err).toContain(`error[FLOW_FILE_THREW]: ${join(folder, 'early.ts')}:1:7: the file threw while it was loaded: Error: no licence`);
  });

  it('what the file prints while it is loaded does not get into what the command prints', async () => {
    writeFileSync(join(folder, 'talks.ts'), "console.log('loading');\nexport {};\n");
    expect(await millrace('show', 'talks.ts', '--json')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/^loading\nerror\[NO_FLOW\]/),
    });
  });
});
