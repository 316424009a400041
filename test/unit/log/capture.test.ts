import { AsyncLocalStorage } from 'node:async_hooks';
import { Console } from 'node:console';
import { PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { captureOutput, type OutputCapture, type OutputTarget, uncaptured } from '../../../src/log/capture.js';
import type { LogLevel } from '../../../src/model/event.js';

interface Recorded extends OutputTarget {
  readonly lines: string[];
  readonly levels: LogLevel[];
}

function recorder(): Recorded {
  const lines: string[] = [];
  const levels: LogLevel[] = [];
  return {
    lines,
    levels,
    line(level, text) {
      levels.push(level);
      lines.push(text);
    },
  };
}

const running = new AsyncLocalStorage<OutputTarget>();
const current = () => running.getStore();
const held: OutputCapture[] = [];

function capture(source = current): OutputCapture {
  const output = captureOutput(source);
  held.push(output);
  return output;
}

/** What a task prints while `body` runs as its body. */
async function printed(body: () => unknown): Promise<Recorded> {
  const target = recorder();
  const output = capture();
  await running.run(target, async () => await body());
  output.flush(target);
  return target;
}

/** Replaces what lies under the capture, so that what passes through can be looked at. */
function spyOnStdout(): { readonly chunks: unknown[]; restore(): void } {
  const chunks: unknown[] = [];
  const before = Object.getOwnPropertyDescriptor(process.stdout, 'write');
  process.stdout.write = ((...args: unknown[]) => {
    chunks.push(args);
    return false;
  }) as typeof process.stdout.write;
  return {
    chunks,
    restore() {
      if (before === undefined) Reflect.deleteProperty(process.stdout, 'write');
      else Object.defineProperty(process.stdout, 'write', before);
    },
  };
}

afterEach(() => {
  for (const output of held.splice(0)) output.release();
});

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('attribution', () => {
  it('tells two tasks that interleave at awaits apart', async () => {
    const [one, two] = [recorder(), recorder()];
    const output = capture();
    const body = async (name: string) => {
      for (let i = 0; i < 5; i += 1) {
        console.log(name, i);
        process.stdout.write(`${name} part `);
        await turn();
        process.stdout.write(`${i}\n`);
        await Promise.resolve();
      }
    };
    await Promise.all([running.run(one, () => body('one')), running.run(two, () => body('two'))]);
    for (const target of [one, two]) output.flush(target);
    const expected = (name: string) => [0, 1, 2, 3, 4].flatMap((i) => [`${name} ${i}`, `${name} part ${i}`]);
    expect(one.lines).toEqual(expected('one'));
    expect(two.lines).toEqual(expected('two'));
  });

  it('follows timers, streams and emitters that a task started', async () => {
    const target = await printed(async () => {
      await new Promise<void>((resolve) => setTimeout(() => resolve(console.log('timer'))));
      await pipeline(Readable.from(['piped\n']), new PassThrough(), process.stdout, { end: false });
    });
    expect(target.lines).toEqual(['timer', 'piped']);
  });

  it('attributes what goes through other consoles and references kept from before, without doubling', async () => {
    const other = new Console({ stdout: process.stdout, stderr: process.stderr });
    const kept = other.log;
    const target = await printed(() => {
      kept('other console');
      other.error('other error');
      console.log('console');
    });
    expect(target.lines).toEqual(['other console', 'other error', 'console']);
    expect(target.levels).toEqual(['info', 'error', 'info']);
  });

  it('does not capture what a target prints while it takes a line', () => {
    const under = spyOnStdout();
    const output = capture();
    const lines: string[] = [];
    const target: OutputTarget = {
      line(_level, text) {
        lines.push(text);
        process.stdout.write(`shown: ${text}\n`);
      },
    };
    running.run(target, () => console.log('once'));
    output.release();
    under.restore();
    expect(lines).toEqual(['once']);
    expect(under.chunks).toEqual([['shown: once\n']]);
  });

  it('lets through what is written as uncaptured, also when that throws', async () => {
    const under = spyOnStdout();
    const target = await printed(() => {
      expect(uncaptured(() => process.stdout.write('ours\n'))).toBe(false);
      expect(() =>
        uncaptured(() => {
          throw new Error('broken');
        }),
      ).toThrow('broken');
      console.log('theirs');
    });
    for (const output of held.splice(0)) output.release();
    under.restore();
    expect(target.lines).toEqual(['theirs']);
    expect(under.chunks).toEqual([['ours\n']]);
  });
});

describe('console', () => {
  it('gives each method its level', async () => {
    const target = await printed(() => {
      console.log('log');
      console.info('info');
      console.debug('debug');
      console.warn('warn');
      console.error('error');
      console.assert(false, 'assert');
      console.dir({ a: 1 });
      console.table([{ a: 1 }]);
    });
    expect(target.lines.slice(0, 7)).toEqual(['log', 'info', 'debug', 'warn', 'error', 'Assertion failed: assert', '{ a: 1 }']);
    expect(target.levels.slice(0, 7)).toEqual(['info', 'info', 'debug', 'warn', 'error', 'warn', 'info']);
    expect(target.lines.slice(7).join('\n')).toContain('│ 0       │ 1 │');
    expect(new Set(target.levels.slice(7))).toEqual(new Set(['info']));
  });

  it('formats like console, without colours, a record per line', async () => {
    const target = await printed(() => console.log('%s is %d', 'x', 1, { a: [1n] }, 'two\nlines'));
    expect(target.lines).toEqual(['x is 1 { a: [ 1n ] } two', 'lines']);
  });

  it('keeps groups, counters and timers of tasks apart', async () => {
    const [one, two] = [recorder(), recorder()];
    const output = capture();
    running.run(one, () => {
      console.group('group');
      console.count('seen');
    });
    running.run(two, () => {
      console.log('flat');
      console.count('seen');
    });
    running.run(one, () => {
      console.log('inside');
      console.groupEnd();
      console.log('outside');
    });
    output.release();
    expect(one.lines).toEqual(['group', '  seen: 1', '  inside', 'outside']);
    expect(two.lines).toEqual(['flat', 'seen: 1']);
  });

  it('prints a trace that begins with the caller', async () => {
    const target = await printed(function caller() {
      console.trace('here', 1);
    });
    expect(target.lines[0]).toBe('Trace: here 1');
    expect(target.lines[1]).toMatch(/at caller .*capture\.test\.ts/);
    expect(new Set(target.levels)).toEqual(new Set(['error']));
  });

  it('works taken off its object, and during formatting', async () => {
    const target = await printed(() => {
      const { warn } = console;
      const nosy = {
        [Symbol.for('nodejs.util.inspect.custom')]() {
          console.error('nested');
          return 'nosy';
        },
      };
      warn(nosy);
    });
    expect(target.lines).toEqual(['nested', 'nosy']);
    expect(target.levels).toEqual(['error', 'warn']);
  });

  it('does not clear the terminal', async () => {
    const target = await printed(() => console.clear());
    expect(target.lines).toEqual([]);
  });
});

describe('process.stdout and stderr', () => {
  it('keeps part of a line until its end or the flush', async () => {
    const target = recorder();
    const output = capture();
    running.run(target, () => {
      process.stdout.write('a');
      process.stderr.write('oops');
      process.stdout.write('b\nc');
    });
    expect(target.lines).toEqual(['ab']);
    output.flush(target);
    output.flush(target);
    expect(target.lines).toEqual(['ab', 'c', 'oops']);
    expect(target.levels).toEqual(['info', 'info', 'error']);
  });

  it('continues a line that console.log ends, as a terminal does', async () => {
    const target = await printed(() => {
      process.stdout.write('loading … ');
      console.log('done');
    });
    expect(target.lines).toEqual(['loading … done']);
  });

  it('joins characters split between writes of bytes', async () => {
    const bytes = Buffer.from('grün 😀\n');
    const target = await printed(() => {
      for (const byte of bytes) process.stdout.write(Uint8Array.of(byte));
    });
    expect(target.lines).toEqual(['grün 😀']);
  });

  it('understands encodings', async () => {
    const target = await printed(() => {
      process.stdout.write('68c3bc0a', 'hex');
      process.stdout.write('aMO8Cg==', 'base64');
      process.stdout.write('hü\n', 'utf8');
    });
    expect(target.lines).toEqual(['hü', 'hü', 'hü']);
  });

  it('keeps the contract of write: true, and the callback later, in either place', async () => {
    const order: string[] = [];
    await printed(async () => {
      expect(process.stdout.write('a\n', () => order.push('second argument'))).toBe(true);
      expect(process.stdout.write('a\n', 'utf8', () => order.push('third argument'))).toBe(true);
      order.push('after write');
      await turn();
    });
    expect(order).toEqual(['after write', 'second argument', 'third argument']);
  });

  it('leaves what cannot be written to the stream', async () => {
    const target = await printed(() => {
      expect(() => process.stdout.write(1 as never)).toThrow();
      expect(() => process.stdout.write('x', 'no-encoding' as never)).toThrow();
    });
    expect(target.lines).toEqual([]);
  });

  it('passes through untouched outside of tasks: arguments, this and result', () => {
    const under = spyOnStdout();
    const output = capture();
    const callback = () => {};
    const bytes = Buffer.from('x');
    expect(process.stdout.write(bytes, 'utf8', callback)).toBe(false);
    output.release();
    under.restore();
    expect(under.chunks).toEqual([[bytes, 'utf8', callback]]);
  });
});

describe('hold and release', () => {
  const state = () => [process.stdout, process.stderr, console].map((object) => Object.getOwnPropertyDescriptors(object));

  it('restores exactly, with the last of nested holds', () => {
    const before = state();
    const [first, second] = [capture(), capture(() => running.getStore())];
    first.release();
    first.release();
    const target = recorder();
    running.run(target, () => console.log('still captured'));
    second.release();
    expect(target.lines).toEqual(['still captured']);
    expect(state()).toEqual(before);
    for (const [index, descriptors] of state().entries()) {
      for (const [name, descriptor] of Object.entries(descriptors)) expect(descriptor.value).toBe(before[index]?.[name]?.value);
    }
  });

  it('asks every source', () => {
    const other = new AsyncLocalStorage<OutputTarget>();
    capture();
    capture(() => other.getStore());
    const [one, two] = [recorder(), recorder()];
    running.run(one, () => console.log('one'));
    other.run(two, () => console.log('two'));
    expect([one.lines, two.lines]).toEqual([['one'], ['two']]);
  });

  it('leaves a patch that was put on top, and passes through under it', () => {
    const under = spyOnStdout();
    const output = capture();
    const ours = process.stdout.write;
    const theirs = ((...args: Parameters<typeof ours>) => Reflect.apply(ours, process.stdout, args)) as typeof ours;
    process.stdout.write = theirs;
    output.release();
    expect(process.stdout.write).toBe(theirs);
    running.run(recorder(), () => process.stdout.write('through\n'));
    expect(under.chunks).toEqual([['through\n']]);

    // The next hold goes on top of theirs, and once only when theirs is gone again.
    const again = capture();
    const target = recorder();
    running.run(target, () => process.stdout.write('captured\n'));
    again.release();
    expect(process.stdout.write).toBe(theirs);
    under.restore();
    expect(target.lines).toEqual(['captured']);
    expect(under.chunks).toHaveLength(1);
  });

  it('shares one patch between two copies of the package', async () => {
    const { vi } = await import('vitest');
    vi.resetModules();
    const copy = await import('../../../src/log/capture.js');
    expect(copy.captureOutput).not.toBe(captureOutput);
    capture();
    const patched = process.stdout.write;
    const other = new AsyncLocalStorage<OutputTarget>();
    held.push(copy.captureOutput(() => other.getStore()));
    expect(process.stdout.write).toBe(patched);
    const target = recorder();
    other.run(target, () => console.log('once'));
    expect(target.lines).toEqual(['once']);
  });

  it('leaves a frozen console alone and still sees what goes through the streams', () => {
    const before = globalThis.console;
    const frozen = Object.freeze(new Console({ stdout: process.stdout, stderr: process.stderr }));
    globalThis.console = frozen;
    try {
      const target = recorder();
      const output = capture();
      running.run(target, () => console.log('through the stream'));
      output.release();
      expect(target.lines).toEqual(['through the stream']);
    } finally {
      globalThis.console = before;
    }
  });
});

describe('laws', () => {
  type Write = { readonly task: 0 | 1; readonly how: 'log' | 'text' | 'bytes'; readonly text: string; readonly cut: number };
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', 'é', '😀', '%'), maxLength: 12 });
  const write: fc.Arbitrary<Write> = fc.record({
    task: fc.constantFrom(0, 1),
    how: fc.constantFrom('log', 'text', 'bytes'),
    text,
    cut: fc.nat(12),
  });

  it('no line is lost, doubled or given to another task, however the writes are cut and interleaved', () => {
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
        const targets = [recorder(), recorder()];
        const expected = ['', ''];
        const output = capture();
        for (const { task, how, text, cut } of writes) {
          expected[task] += how === 'log' ? `${text}\n` : text;
          running.run(targets[task] as Recorded, () => {
            if (how === 'log') console.log('%s', text);
            else if (how === 'text') process.stdout.write(text);
            else {
              const bytes = Buffer.from(text);
              process.stdout.write(bytes.subarray(0, cut));
              process.stdout.write(bytes.subarray(cut));
            }
          });
        }
        for (const target of targets) output.flush(target);
        output.release();
        for (const [task, whole] of expected.entries()) {
          const lines = whole.split('\n');
          // What follows the last end of line is a line only when there is something.
          if (lines.at(-1) === '') lines.pop();
          expect(targets[task]?.lines).toEqual(lines);
        }
      }),
    );
  });

  it('prints the same as Node does', async () => {
    const calls: ((target: Console) => void)[] = [
      (target) => target.log('a %o', { b: new Map([[1, { c: [1, 2, 3] }]]) }),
      (target) => target.dir({ deep: { deeper: { deepest: { gone: 1 } } } }, { depth: 0 }),
      (target) => target.table([[1, 2], { a: 'x' }]),
      (target) => target.group('one', 'two'),
      (target) => target.info('indented\ntwice'),
      (target) => target.groupEnd(),
      (target) => target.assert(true, 'never'),
      (target) => target.log(new Error('shown').message, Symbol('s'), -0, [undefined, null]),
      (target) => target.log(),
    ];
    let plain = '';
    const sink = new Writable({
      write(chunk, _encoding, callback) {
        plain += String(chunk);
        callback();
      },
    });
    const reference = new Console({ stdout: sink, stderr: sink, colorMode: false });
    for (const call of calls) call(reference);
    const target = await printed(() => {
      for (const call of calls) call(console);
    });
    expect(`${target.lines.join('\n')}\n`).toBe(stripVTControlCharacters(plain));
  });
});
