import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sweepNowAndThen } from '../../../src/runtime/sweep.js';

const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);

/** A file in the making whose process, on another machine, must be long gone. */
function leaveBehind(folder: string): string {
  const path = join(folder, '.millrace-00000000-1-000000000000.tmp');
  writeFileSync(path, 'half');
  utimesSync(path, twoDaysAgo, twoDaysAgo);
  return path;
}

describe('what dead processes left in the store (O5)', () => {
  it('is swept, at most once a day', async () => {
    const home = mkdtempSync(join(tmpdir(), 'millrace-sweep-'));
    const folder = join(home, 'store', 'results', 'ab');
    mkdirSync(folder, { recursive: true });
    const left = leaveBehind(folder);
    await sweepNowAndThen(home);
    expect(existsSync(left)).toBe(false);

    leaveBehind(folder);
    await sweepNowAndThen(home);
    expect(existsSync(left)).toBe(true);

    utimesSync(join(home, 'swept'), twoDaysAgo, twoDaysAgo);
    await sweepNowAndThen(home);
    expect(existsSync(left)).toBe(false);
  });
});
