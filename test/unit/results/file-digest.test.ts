import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { sha256 } from '../../../src/base/digest.js';
import { digestOfFile } from '../../../src/results/file-digest.js';

const folder = mkdtempSync(join(process.env.MILLRACE_HOME ?? tmpdir(), 'file-digest-'));
const path = join(folder, 'data');

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

function opened() {
  const open = vi.spyOn(promises, 'open');
  syncBuiltinESMExports();
  return open;
}

function settle(): void {
  const before = Date.now() + 80;
  while (Date.now() < before);
}

it('reads a file again only when it has changed', async () => {
  const open = opened();
  writeFileSync(path, 'one');
  expect(await digestOfFile(path)).toBe(sha256('one'));
  // It was so young that another change would not have shown.
  settle();
  expect([await digestOfFile(path), await digestOfFile(path)]).toEqual([sha256('one'), sha256('one')]);
  expect(open).toHaveBeenCalledTimes(2);
  writeFileSync(path, 'two');
  utimesSync(path, 1, 1);
  expect(await digestOfFile(path)).toBe(sha256('two'));
  rmSync(path);
  await expect(digestOfFile(path)).rejects.toMatchObject({ code: 'RESULT_MISSING' });
});
