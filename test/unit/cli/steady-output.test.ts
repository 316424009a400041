import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MOST_ASIDE, SteadyOutput } from '../../../src/cli/steady-output.js';
import { handClock } from '../hand-clock.js';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

/** A real pipe, and time that passes by hand: `held` is told of each pause, and may read meanwhile. */
function bench({ held = () => {} }: { readonly held?: (pipe: { readonly read: (most: number) => string }) => void } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pipe-'));
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  let isOpen = true;
  const leave = (): void => {
    if (isOpen) closeSync(reader);
    isOpen = false;
  };
  const read = (most: number): string => {
    const into = Buffer.alloc(most);
    try {
      return into.toString('utf8', 0, readSync(reader, into));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return '';
      throw error;
    }
  };
  const clock = handClock();
  const readAll = async (): Promise<string> => {
    let got = read(1_000_000);
    for (; clock.planned > 0; got += read(1_000_000)) await clock.pass(1);
    return got;
  };
  const past = { ms: 0 };
  const hold = (ms: number): void => {
    past.ms += ms;
    held({ read });
  };
  const handedOn: string[] = [];
  const output = new SteadyOutput({ fd, write: (text) => handedOn.push(text.toString()) }, { clock, hold });
  undo.push(
    () => rmSync(folder, { recursive: true }),
    leave,
    () => closeSync(fd),
    () => output.release(),
  );
  return { output, read, readAll, leave, clock, past, handedOn };
}

/** Numbered, so that order shows. */
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, place) => `${from + place} ${'x'.repeat(92)}\n`).join('');
const A_THOUSAND = lines(0, 1_000).length;

describe('a steady output', () => {
  it('writes what the pipe takes at once, text and bytes', () => {
    const { output, read, past, clock } = bench();
    output.write('one\n');
    output.write(Buffer.from('two ÿ\n'));
    output.write('');
    expect([read(100), past.ms, clock.planned]).toEqual(['one\ntwo ÿ\n', 0, 0]);
  });

  it('a reader that is behind holds nobody up: it gets what was put aside as soon as it reads on', async () => {
    const { output, readAll, past, clock, handedOn } = bench();
    for (let n = 0; n < 10; n++) output.write(lines(n * 1_000, n * 1_000 + 1_000));
    expect([past.ms, clock.planned]).toEqual([0, 1]);
    expect(await readAll()).toBe(lines(0, 10_000));
    expect(handedOn).toEqual([]);
  });

  it('a slow reader sets the pace, and no more than a bound is kept in memory: nothing is lost, and all is in order', async () => {
    let got = '';
    let written = 0;
    let most = 0;
    const { output, readAll, past } = bench({
      held: (pipe) => {
        got += pipe.read(4_096);
        most = Math.max(most, written - got.length);
      },
    });
    for (let n = 0; n < 70_000; n += 1_000) {
      const text = lines(n, n + 1_000);
      written += text.length;
      output.write(text);
    }
    expect(past.ms).toBeGreaterThan(0);
    expect(most).toBeLessThan(MOST_ASIDE + A_THOUSAND * 1.2 + 65_536);
    expect(got + (await readAll())).toBe(lines(0, 70_000));
  });

  it('of a reader that has stopped only the pace is taken: after a second as much again is put aside, and so on', async () => {
    const { output, readAll, past } = bench();
    const text = 'x'.repeat(MOST_ASIDE / 4);
    const heldUp = Array.from({ length: 13 }, () => {
      const before = past.ms;
      output.write(text);
      return Math.round(past.ms - before);
    });
    expect(heldUp).toEqual([0, 0, 0, 0, 1_000, 0, 0, 0, 0, 1_000, 0, 0, 0].map((ms) => expect.closeTo(ms, -1)));
    // It reads again: it is waited for as before.
    expect(await readAll()).toHaveLength(13 * text.length);
    for (let n = 0; n < 4; n++) output.write(text);
    const before = past.ms;
    output.write(text);
    expect(past.ms - before).toBeCloseTo(1_000, -1);
  });

  it('asks a reader that has stopped now and then, and not all the time', async () => {
    const { output, clock } = bench();
    output.write(lines(0, 1_000));
    let asked = 0;
    const { schedule } = clock;
    clock.schedule = (...args) => {
      asked++;
      return schedule(...args);
    };
    await clock.pass(1_000);
    expect(asked).toBeLessThan(40);
    expect(clock.planned).toBe(1);
  });

  it('when the command is over, what is left goes to the stream itself, and what comes then after it', () => {
    const { output, read, clock, handedOn } = bench();
    output.write(lines(0, 2_000));
    output.release();
    output.release();
    output.write('last words\n');
    expect(read(1_000_000) + handedOn.join('')).toBe(`${lines(0, 2_000)}last words\n`);
    expect(clock.planned).toBe(0);
  });

  it('a reader that has gone is waited for no more: the stream is told, once', async () => {
    const { output, leave, clock, past, handedOn } = bench();
    output.write(lines(0, 2_000));
    leave();
    await clock.pass(1);
    expect([handedOn.length, clock.planned, past.ms]).toEqual([1, 0, 0]);
    output.write('more\n');
    expect(handedOn.at(-1)).toBe('more\n');
  });

  it('an exit waits for the reader: nothing asynchronous can follow', () => {
    let got = '';
    const { output, read } = bench({
      held: (pipe) => {
        got += pipe.read(65_536);
      },
    });
    output.write(lines(0, 20_000));
    const listener = process.listeners('exit').at(-1) as () => void;
    listener();
    output.write('told on the way out\n');
    got += read(1_000_000);
    expect(got).toBe(`${lines(0, 20_000)}told on the way out\n`);
  });
});
