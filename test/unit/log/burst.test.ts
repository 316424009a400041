import { describe, expect, it } from 'vitest';
import { Burst, type BurstSink } from '../../../src/log/burst.js';

function bench() {
  const time = { ms: 5_000 };
  const written: string[] = [];
  const to = (name: string): BurstSink<string> => ({ write: (texts) => written.push(`${name}:${texts.join('')}`) });
  const burst = new Burst<string>(() => time.ms);
  const write = (sink: BurstSink<string>, text: string, at?: number): void => burst.write(sink, text, text.length, at);
  return { time, written, burst, write, out: to('out'), err: to('err') };
}

const FREE = 1_000;

describe('a burst', () => {
  it('writes each text at once while there are few', () => {
    const { write, written, out, err } = bench();
    write(out, 'a');
    expect(written).toEqual(['out:a']);
    write(err, 'b');
    expect(written).toEqual(['out:a', 'err:b']);
  });

  it('holds back what a loop prints, and lets it go when the loop gives way', async () => {
    const { write, written, out, time } = bench();
    for (let n = 0; n < FREE; n++) write(out, 'x');
    // Counted from the first that was too many.
    write(out, 'y');
    time.ms += 0.5;
    const before = written.length;
    for (let n = 0; n < 3 * FREE; n++) write(out, 'z');
    expect(written.length).toBeLessThan(before + 2 + FREE);
    const length = written.join('').length;
    await Promise.resolve();
    expect(written.join('').length).toBeGreaterThanOrEqual(length);
    const texts = written.map((text) => text.slice('out:'.length)).join('');
    expect(texts).toBe(`${'x'.repeat(FREE)}y${'z'.repeat(3 * FREE)}`);
  });

  it('lets what is held back go first when another sink, or the time for one more, comes', () => {
    const { burst, write, written, out, err, time } = bench();
    for (let n = 0; n < 3 * FREE; n++) write(out, 'x');
    written.length = 0;
    write(out, 'a');
    expect(written).toEqual([]);
    time.ms += 2;
    write(out, 'b');
    expect(written).toEqual([expect.stringMatching(/^out:x*a$/), 'out:b']);
    write(out, 'c');
    write(out, 'd');
    write(err, 'e');
    expect(written.slice(2)).toEqual(['out:c', 'out:d']);
    burst.flush();
    expect(written.at(-1)).toBe('err:e');
  });

  it('goes by when an item came, where that is told: the clock is not asked', () => {
    const { write, written, out } = bench();
    for (let n = 0; n < 2 * FREE; n++) write(out, 'x', 9_000);
    write(out, 'a', 9_000);
    written.length = 0;
    write(out, 'b', 9_000.5);
    expect(written).toEqual([]);
    write(out, 'c', 9_002);
    expect(written).toEqual(['out:ab', 'out:c']);
  });

  it('never holds back more than some 65,536 characters', () => {
    const { write, written, out } = bench();
    for (let n = 0; n < 2 * FREE; n++) write(out, 'x');
    written.length = 0;
    write(out, 'y'.repeat(70_000));
    expect(written).toEqual([expect.stringMatching(/^out:x*y{70000}$/)]);
  });
});
