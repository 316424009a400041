import { describe, expect, it } from 'vitest';
import type { LogRow } from '../../../src/model/records.js';
import { logColumns } from '../../../src/report/log-columns.js';
import { memoryRecord } from '../../../src/runs/memory-record.js';
import { runRow } from '../../fixtures/runs/rows.js';

async function columnsOf(logs: readonly LogRow[], limits = {}) {
  const record = memoryRecord();
  await record.open(runRow());
  await record.append({ run: 'r1', epoch: 0, logs });
  return await logColumns(record, 'r1', 1_000, (id) => ['a#0', 'b#0'].indexOf(id), limits);
}

const line = (seq: number, parts: Partial<LogRow> = {}): LogRow => ({ seq, at: 1_000 + seq, level: 'info', text: `line ${seq}`, ...parts });

describe('the log of a report', () => {
  it('has every line of a short log, with its task run, level and attempt', async () => {
    const columns = await columnsOf([line(0), line(1, { node: 'b#0', level: 'warn', attempt: 2 })]);
    expect(columns).toMatchObject({ text: ['line 0', 'line 1'], task: [-1, 1], level: [1, 2], attempt: [0, 2], at: [0, 1], total: 2, gap: -1 });
  });

  it('takes terminal codes out of lines, and shortens those that are too long', async () => {
    const columns = await columnsOf([line(0, { text: '\u001b[31mred\u001b[0m' }), line(1, { text: 'x'.repeat(3_000) })]);
    expect(columns.text[0]).toBe('red');
    expect(columns.text[1]).toMatch(/^x{2000}… \(1,000 more characters\)$/);
  });

  it('of a long one has the beginning, the end, and the warnings and errors between, and says where lines are missing', async () => {
    const logs = Array.from({ length: 25_000 }, (_, seq) => line(seq, seq % 1_000 === 500 ? { level: 'error' } : {}));
    const columns = await columnsOf(logs, { head: 10, tail: 20, loud: 12 });
    expect(columns.total).toBe(25_000);
    expect(columns.gap).toBe(9);
    expect(columns.text.slice(0, 10)).toEqual(logs.slice(0, 10).map(({ text }) => text));
    expect(columns.text.slice(10, 22)).toEqual(Array.from({ length: 12 }, (_, at) => `line ${at * 1_000 + 500}`));
    expect(columns.text.slice(22)).toEqual(logs.slice(-20).map(({ text }) => text));
  });
});
