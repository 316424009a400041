import { Writable } from 'node:stream';
import fc from 'fast-check';
import picocolors from 'picocolors';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { MillraceError } from '../../../src/base/error.js';
import { nearest, nearestFew } from '../../../src/base/nearest.js';
import { formatAgo, formatBytes } from '../../../src/cli/amounts.js';
import { exitCodeOf, formatError } from '../../../src/cli/errors.js';
import { guardOutput } from '../../../src/cli/output-guard.js';
import { formatPairs, formatTable } from '../../../src/cli/table.js';
import { FlowRunError, TaskError } from '../../../src/model/task-error.js';

const plain = picocolors.createColors(false);
const coloured = picocolors.createColors(true);

describe('tables', () => {
  it('columns are aligned by what is seen: wide characters and colours', () => {
    const text = formatTable(
      [{ title: 'task' }, { title: 'took', align: 'right' }],
      [
        ['日本', '1 s'],
        [coloured.red('ab'), '10 s'],
      ],
    );
    expect(text.split('\n').map((line) => stringWidth(line))).toEqual([10, 10, 10]);
  });

  it('no line is wider than asked, whatever the cells', () => {
    const cell = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 10 }), fc.integer({ min: 1, max: 60 }), (rows, width) => {
        for (const line of formatTable([{ title: 'one' }, { title: 'two' }], rows, { width }).split('\n'))
          expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('pairs without a value are left out, values of several lines are indented', () => {
    expect(
      formatPairs([
        ['run', 'r1'],
        ['name', undefined],
        ['parameters', 'a = 1\nb = 2'],
      ]),
    ).toBe('run         r1\nparameters  a = 1\n            b = 2');
  });
});

describe('errors', () => {
  it('message, cause and hint, each once', () => {
    const error = new MillraceError('RECORD_BUSY', 'the record is locked', { cause: new Error('SQLITE_BUSY'), hint: 'wait for the other run' });
    expect(formatError(error, { colours: plain }).split('\n')).toEqual([
      'error[RECORD_BUSY]: the record is locked',
      '  caused by SQLITE_BUSY',
      expect.stringMatching(/^ {2}at .*printing\.test\.ts:\d+:\d+$/),
      'hint: wait for the other run',
    ]);
  });

  it('a message that quotes its cause is not followed by it; the stack comes with debug only', () => {
    const cause = new Error('x is not a function');
    const error = new MillraceError('TASK_FAILED', 'task t failed: x is not a function', { cause });
    expect(formatError(error, { colours: plain })).not.toContain('caused by');
    const listed = new MillraceError('RUN_FAILED', 'run r failed:\n  - task t failed: one\n    two', { cause: new Error('one\ntwo') });
    expect(formatError(listed, { colours: plain })).not.toContain('caused by');
    const typed = new MillraceError('TASK_FAILED', 'task t failed: no', { cause: new TypeError('no') });
    expect(formatError(typed, { colours: plain })).toContain('caused by TypeError: no');
    expect(formatError(error, { colours: plain, debug: true })).toContain('    at ');
  });

  it('an error without frames, such as the one of a run, leaves no gap with debug', () => {
    const cause = new TypeError('no');
    const task = new TaskError('TASK_FAILED', "task 't#0' failed: no", { taskRunId: 't#0', attempts: 1, cause });
    const run = new FlowRunError("run r of flow 'f' failed", { runId: 'r', failures: [task], cause: task });
    const text = formatError(run, { colours: plain, debug: true });
    expect(text).not.toMatch(/\n\s*\n/);
    expect(text.match(/printing\.test/g)).toHaveLength(1);
  });

  it('what was thrown may be anything, and cannot command the terminal', () => {
    expect(formatError('text', { colours: plain })).toBe('error: text');
    expect(formatError(undefined, { colours: plain })).toBe('error: undefined');
    expect(formatError({ message: 'a\u001b[2Jb' }, { colours: plain })).toBe('error: ab');
    const looped: { message: string; cause?: unknown } = { message: 'looped' };
    looped.cause = looped;
    expect(formatError(looped, { colours: plain })).toBe('error: looped');
  });

  it('wrong use is 2, all else 1 (S32)', () => {
    expect(exitCodeOf(new MillraceError('PARAMETER_INVALID', ''))).toBe(2);
    expect(exitCodeOf({ code: 'FLOW_FILE_NOT_FOUND' })).toBe(2);
    for (const code of ['SECRETS_FILE_OPEN', 'SECRETS_FILE_INVALID', 'RECORD_ADDRESS_INVALID', 'RETENTION_INVALID', 'PARAM_NOT_RECORDED'])
      expect(exitCodeOf({ code })).toBe(2);
    expect(exitCodeOf({ code: 'RECORD_UNREACHABLE' })).toBe(1);
    expect(exitCodeOf(new MillraceError('RUN_UNKNOWN', ''))).toBe(1);
    expect(exitCodeOf(new Error('boom'))).toBe(1);
  });
});

describe('nearest', () => {
  it('finds what was mistyped or begun, and nothing that is not like it', () => {
    expect(nearest('pengiuns', ['iris', 'penguins'])).toBe('penguins');
    expect(nearest('20251120', ['20251120-abc', '20240101-xyz'])).toBe('20251120-abc');
    expect(nearest('zzz', ['iris', 'penguins'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(nearestFew('train', ['train#1', 'train#0', 'load#0'], 2)).toEqual(['train#1', 'train#0']);
  });
});

describe('amounts', () => {
  it('bytes and times for people', () => {
    expect([0, 999, 1_000, 1_449, 123_456, 999_950, 5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 KB',
      '1.4 KB',
      '123 KB',
      '1.0 MB',
      '5.0 GB',
    ]);
    expect(formatAgo(0, 999)).toBe('now');
    expect(formatAgo(0, 125_000)).toBe('2 m 05 s ago');
  });
});

describe('guardOutput', () => {
  class Screen extends Writable {
    text = '';
    override _write(chunk: Buffer, _encoding: string, done: () => void): void {
      this.text += chunk.toString();
      done();
    }
  }

  it('what others print comes line by line, split characters whole; what is ours goes straight through', () => {
    const screen = new Screen() as Screen & NodeJS.WriteStream;
    const lines: string[] = [];
    const guard = guardOutput([screen], (line) => lines.push(line));
    const bytes = Buffer.from('日\nend');
    screen.write('a');
    screen.write('b\nc\n');
    screen.write(bytes.subarray(0, 1));
    screen.write(bytes.subarray(1));
    guard.own(() => screen.write('[frame]'));
    guard.release();
    screen.write('free');
    expect(lines).toEqual(['ab', 'c', '日', 'end']);
    expect(screen.text).toBe('[frame]free');
    expect(Object.hasOwn(screen, 'write')).toBe(false);
  });

  it('calls back, and lets everything pass once released when somebody patched on top', async () => {
    const screen = new Screen() as Screen & NodeJS.WriteStream;
    const guard = guardOutput([screen], () => {});
    await new Promise<void>((resolve) => screen.write('x', () => resolve()));
    const below = screen.write.bind(screen);
    screen.write = ((chunk: string) => below(chunk)) as typeof screen.write;
    guard.release();
    screen.write('later');
    expect(screen.text).toBe('later');
  });
});
