import assert from 'node:assert/strict';
import type { LogRow } from '../../model/records.js';
import type { LogFilter, RunRecord } from '../../runs/run-record.js';
import type { RunRecordCases } from './cases.js';
import { runRow, taskRow } from './rows.js';

/** Lines of logs. */
export const logs: RunRecordCases = {
  'log lines are found by task run, task, level and place': async (record) => {
    await record.open(runRow({ id: 'r1' }));
    const logs: readonly LogRow[] = [
      { seq: 0, at: 1, level: 'info', text: 'run starts' },
      { seq: 1, at: 2.5, level: 'debug', text: 'a\nb', node: 'clean#0', attempt: 1 },
      { seq: 2, at: 3, level: 'warn', text: '', node: 'clean#1', attempt: 2 },
      { seq: 3, at: 4, level: 'error', text: 'ü €', node: 'load#0' },
    ];
    await record.append({
      run: 'r1',
      epoch: 0,
      logs: logs.slice(2),
      taskRuns: [taskRow(0, { id: 'clean#0', task: 'clean' }), taskRow(1, { id: 'clean#1', task: 'clean' })],
    });
    await record.append({ run: 'r1', epoch: 0, logs: logs.slice(0, 2) });
    const seqs = async (filter?: Parameters<RunRecord['logs']>[1]): Promise<number[]> => (await record.logs('r1', filter)).map((line) => line.seq);
    assert.deepEqual(await record.logs('r1'), logs);
    assert.deepEqual(await seqs({ node: 'clean#1' }), [2]);
    assert.deepEqual(await seqs({ node: 'clean' }), [1, 2]);
    assert.deepEqual(await seqs({ node: 'other' }), []);
    assert.deepEqual(await seqs({ level: 'warn' }), [2, 3]);
    assert.deepEqual(await seqs({ after: 1 }), [2, 3]);
    assert.deepEqual(await seqs({ after: 0, limit: 2, level: 'debug' }), [1, 2]);
    assert.deepEqual(await seqs({ last: 2 }), [2, 3]);
    assert.deepEqual(await seqs({ last: 9, level: 'warn' }), [2, 3]);
    assert.deepEqual(await seqs({ last: 1, after: 0, node: 'clean' }), [2]);
    assert.deepEqual(await seqs({ last: 0 }), []);
    assert.deepEqual(await seqs({ attempt: 2 }), [2]);
    assert.deepEqual(await seqs({ node: 'clean', attempt: 1, last: 5 }), [1]);
    assert.deepEqual(await record.logs('r2'), []);
  },

  'log lines of many tasks, attempts and levels, written in batches of any size: every page is what a plain list gives': async (record, another) => {
    await record.open(runRow({ id: 'r1' }));
    const levels = ['info', 'info', 'info', 'debug', 'warn', 'error'] as const;
    const lines: LogRow[] = Array.from({ length: 7_000 }, (_, seq) => {
      const one = (seq * 7) % 13;
      // Now many tasks in turns, now one of them for long.
      const node = seq % 2_000 < 700 ? `t#${one}` : `t#${Math.floor(seq / 2_000)}`;
      const level = levels[(seq * 5) % 11 < 9 ? 0 : (seq * 11) % levels.length] ?? 'info';
      const own = one === 5 ? {} : { node, attempt: 1 + (seq % 3) };
      return { seq, at: 1_000 + seq / 7, level, text: seq % 500 === 0 ? `${seq} `.repeat(9_000) : `line ${seq} "ü"`, ...own };
    });
    await record.append({
      run: 'r1',
      epoch: 0,
      taskRuns: Array.from({ length: 13 }, (_, n) => taskRow(n, { id: `t#${n}`, task: n % 2 ? 'odd' : 'even' })),
    });
    for (let from = 0, size = 1; from < lines.length; from += size, size = (size * 3) % 2_311) {
      await record.append({ run: 'r1', epoch: 0, logs: lines.slice(from, from + size) });
      // A part of it comes twice.
      await record.append({ run: 'r1', epoch: 0, logs: lines.slice(Math.max(0, from - 3), from + 2).filter(({ seq }) => seq < from + size) });
    }
    const other = await another();
    const rank = ['debug', 'info', 'warn', 'error'];
    const expected = ({ node, level, attempt, after = -1, limit = 10_000, last }: LogFilter): readonly LogRow[] => {
      const isNamed = (id: string | undefined): boolean => id !== undefined && (id === node || (Number(id.slice(2)) % 2 ? 'odd' : 'even') === node);
      const found = lines.filter(
        (line) =>
          line.seq > after &&
          (node === undefined || isNamed(line.node)) &&
          rank.indexOf(line.level) >= rank.indexOf(level ?? 'debug') &&
          (attempt === undefined || line.attempt === attempt),
      );
      return last === undefined ? found.slice(0, limit) : found.slice(Math.max(0, found.length - last));
    };
    const filters: readonly LogFilter[] = [
      {},
      ...[
        {},
        { node: 't#3' },
        { node: 'odd' },
        { level: 'warn' as const },
        { node: 'even', level: 'error' as const, attempt: 2 },
        { attempt: 3 },
      ].flatMap((filter) =>
        [{ limit: 10 }, { last: 10 }, { after: 1_234, limit: 900 }, { last: 2_500 }, { after: 6_900, last: 300 }, { after: 6_999 }].map((page) => ({
          ...filter,
          ...page,
        })),
      ),
    ];
    for (const filter of filters) assert.deepEqual(await other.logs('r1', filter), expected(filter), JSON.stringify(filter));
  },
};
