import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { countsText, endedLine, endText, linesOfBackfill } from '../../../../src/cli/backfill/backfill-lines.js';
import { backfillFrame } from '../../../../src/cli/backfill/backfill-live.js';
import type { BackfillCounts } from '../../../../src/runs/service/backfill-rows.js';
import type { Backfill } from '../../../../src/runs/service/backfills.js';

const plain = picocolors.createColors(false);
const at = Date.parse('2026-01-03T00:00:00Z');
const backfill: Backfill = {
  id: 'backfill-1',
  flow: 'etl',
  schedule: 'every 1d',
  from: at,
  to: at + 86_400_000,
  params: {},
  reprocess: 'none',
  direction: 'forward',
  maxActive: 2,
  state: 'active',
  createdAt: at,
  filledAt: at,
  finishedAt: undefined,
};
const counts: BackfillCounts = { total: 8, waiting: 2, running: 2, success: 3, failed: 1, stopped: 0, left: 0 };
const run = { run: 'r1', at, startedAt: at };

describe('a backfill on the terminal', () => {
  it('a bar, what is where, what runs now, and how long it will go on', () => {
    const place = { now: at + 61_000, since: at, tick: 0, columns: 100, left: 'about 3 m left', note: undefined };
    const frame = backfillFrame({ backfill, counts, running: [run], ...place }, plain);
    expect(frame.split('\n')).toEqual([
      '⠋ etl backfill 1 m 01 s · about 3 m left',
      `  ${'█'.repeat(12)}${'░'.repeat(12)} 4/8  3 done, 1 failed, 2 running, 2 waiting`,
      '    ● 2026-01-03 00:00  r1  1 m 01 s',
    ]);
  });

  it('more runs than fit are counted, and no line is wider than the terminal', () => {
    const running = Array.from({ length: 12 }, (_, index) => ({ ...run, run: `r${index}` }));
    const place = { now: at, since: at, tick: 1, columns: 30, left: undefined, note: 'ending what runs' };
    const lines = backfillFrame({ backfill, counts, running, ...place }, plain).split('\n');
    expect(lines.at(-1)).toContain('… and 4 more');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(30);
  });

  it('each run as it ends, and at the end what to do next', () => {
    const error = new Error('task failed\n  - no data');
    expect(endedLine({ ...run, state: 'failed', ms: 1_200, error, resumes: 'r0' }, plain)).toBe(
      '2026-01-03 00:00  r1  failed  1.2 s  resumes r0  task failed',
    );
    expect(countsText({ ...counts, stopped: 1, left: 1 }, plain)).toBe('3 done, 1 failed, 1 stopped, 1 left out, 2 running, 2 waiting');
    expect(endText(backfill, 'paused', counts, plain)).toContain('next: millrace backfill resume backfill-1');
    expect(endText(backfill, 'done', counts, plain)).toContain('next: millrace backfill resume backfill-1 --failed');
    expect(endText(backfill, 'done', { ...counts, total: 0 }, plain)).toContain('nothing to fill');
  });

  it('as lines where the cursor cannot move; what never began has no last word', () => {
    const written: string[] = [];
    const out = { write: (text: string | Uint8Array) => written.push(String(text)), isTTY: true };
    const terminal = { out, err: out, env: { NO_COLOR: '1' }, cwd: '/', now: () => at };
    linesOfBackfill(terminal).end(undefined);
    expect(written).toEqual([]);
    const printer = linesOfBackfill(terminal);
    printer.stored(backfill, true);
    printer.counts(counts);
    printer.ended({ ...run, state: 'success', ms: 5, error: undefined });
    printer.end('done');
    expect(written[0]).toMatch(/^goes on with backfill-1: etl every 1d, 2026-01-03 00:00 to 2026-01-04 00:00/);
    expect(written[1]).toContain('2026-01-03 00:00  r1  success  5.0 ms');
    expect(written[2]).toMatch(/^backfill-1 done: 3 done, 1 failed/);
  });
});
