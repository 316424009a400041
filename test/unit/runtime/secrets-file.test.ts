import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { flow, param, secret, task } from '../../../src/index.js';
import { secretValue } from '../../../src/model/secret.js';
import { openProject } from '../../../src/runtime/project.js';
import { freshHome, inMemory } from '../engine/workbench.js';

let home: string;
beforeEach(() => {
  home = freshHome();
  vi.stubEnv('MILLRACE_SECRETS_FILE', undefined);
});

function write(text: string, mode = 0o600, name = 'secrets'): string {
  mkdirSync(home, { recursive: true });
  const path = join(home, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

describe('S17, S18: secrets from a file', () => {
  it('of NAME=value, with comments and quotes; the environment goes first', () => {
    write(
      `# what the shop gave us\n\nFILE_TOKEN=abc=1 \nexport FILE_URL = postgres://me:pw@db/x\nFILE_QUOTED="two\\nlines \\"q\\""\nFILE_RAW='a\\n b'\nFILE_ENV=file\nFILE_EMPTY=\n`,
    );
    vi.stubEnv('FILE_ENV', 'environment');
    const of = (name: string) => secretValue(secret(name));
    expect(['FILE_TOKEN', 'FILE_URL', 'FILE_QUOTED', 'FILE_RAW', 'FILE_ENV'].map(of)).toEqual([
      'abc=1',
      'postgres://me:pw@db/x',
      'two\nlines "q"',
      'a\\n b',
      'environment',
    ]);
    expect(() => of('FILE_EMPTY')).toThrow(expect.objectContaining({ code: 'SECRET_MISSING', hint: expect.stringContaining('.millrace/secrets') }));
  });

  it('is read anew when it has changed', () => {
    write('FILE_CHANGING=before\n');
    expect(secretValue(secret('FILE_CHANGING'))).toBe('before');
    write('FILE_CHANGING=afterwards\n');
    expect(secretValue(secret('FILE_CHANGING'))).toBe('afterwards');
  });

  it.each([0o644, 0o640, 0o606, 0o610])('is refused when others have access: mode %o', (mode) => {
    const path = write('FILE_OPEN=x\n', mode);
    expect(statSync(path).mode & 0o777).toBe(mode);
    expect(() => secretValue(secret('FILE_OPEN'))).toThrow(
      expect.objectContaining({
        code: 'SECRETS_FILE_OPEN',
        message: expect.stringContaining(`it has mode 0${mode.toString(8)}`),
        hint: expect.stringContaining(`chmod 600 ${path}`),
      }),
    );
  });

  it('may lie elsewhere, and then must be there', () => {
    vi.stubEnv('MILLRACE_SECRETS_FILE', write('FILE_ELSEWHERE=here\n', 0o400, 'mine'));
    expect(secretValue(secret('FILE_ELSEWHERE'))).toBe('here');
    vi.stubEnv('MILLRACE_SECRETS_FILE', join(home, 'none'));
    expect(() => secretValue(secret('FILE_ELSEWHERE'))).toThrow(expect.objectContaining({ code: 'SECRETS_FILE_MISSING' }));
    vi.stubEnv('MILLRACE_SECRETS_FILE', home);
    expect(() => secretValue(secret('FILE_ELSEWHERE'))).toThrow(expect.objectContaining({ code: 'SECRETS_FILE_UNREADABLE' }));
  });

  it('tells the line that is wrong, and nothing of what is in it', () => {
    write('FILE_OK=1\nhunter2\n');
    expect(() => secretValue(secret('FILE_OK'))).toThrow(
      expect.objectContaining({ code: 'SECRETS_FILE_INVALID', message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('a project in memory has none', () => {
    inMemory();
    expect(() => secretValue(secret('FILE_TOKEN'))).toThrow(expect.objectContaining({ code: 'SECRET_MISSING' }));
  });

  it('fills secret parameters, and no others; and is masked', async () => {
    write('MILLRACE_PARAM_TOKEN=from-the-file\nSHOP_KEY=the-other\nMILLRACE_PARAM_PLAIN=7\n');
    const both = task((token: string, key: string, plain: number) => {
      console.log(token, key);
      return [token.length, key.length, plain];
    });
    const params = {
      token: param(z.string(), { secret: true }),
      key: param(z.string(), { secret: true, env: 'SHOP_KEY' }),
      plain: param({ default: 1 }),
    };
    const shop = flow('shop', { params }, ({ token, key, plain }) => both(token, key, plain));
    expect(await shop.run({} as never)).toEqual([13, 9, 1]);
    await using project = await openProject();
    const run = await project.record.run('shop/latest');
    expect(run?.params).toEqual({ token: '"***"', key: '"***"', plain: '1' });
    expect((await project.record.logs(run?.id ?? '')).map(({ text }) => text)).toEqual(['*** ***']);
    await expect(shop.run({ token: 'x' } as never)).resolves.toEqual([1, 9, 1]);
  });
});
