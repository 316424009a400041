import { describe, expect, it } from 'vitest';
import { Burst } from '../../../src/log/burst.js';

function bench() {
  const time = { ms: 5_000 };
  const written: string[] = [];
  const to = (name: string) => ({ write: (text: string) => written.push(`${name}:${text}`) });
  return { time, written, burst: new Burst(() => time.ms), out: to('out'), err: to('err') };
}

const FREE = 1_000;

describe('a burst', () => {
  it('writes each text at once while there are few', () => {
    const { burst, written, out, err } = bench();
    burst.write(out, 'a');
    expect(written).toEqual(['out:a']);
    burst.write(err, 'b');
    expect(written).toEqual(['out:a', 'err:b']);
  });

  it('holds back what a loop prints, and lets it go when the loop gives way', async () => {
    const { burst, written, out, time } = bench();
    for (let n = 0; n < FREE; n++) burst.write(out, 'x');
    // Counted from the first that was too many.
    burst.write(out, 'y');
    time.ms += 0.5;
    const before = written.length;
    for (let n = 0; n < 3 * FREE; n++) burst.write(out, 'z');
    expect(written.length).toBeLessThan(before + 2 + FREE);
    const length = written.join('').length;
    await Promise.resolve();
    expect(written.join('').length).toBeGreaterThanOrEqual(length);
    const texts = written.map((text) => text.slice('out:'.length)).join('');
    expect(texts).toBe(`${'x'.repeat(FREE)}y${'z'.repeat(3 * FREE)}`);
  });

  it('lets what is held back go first when another sink, or the time for one more, comes', () => {
    const { burst, written, out, err, time } = bench();
    for (let n = 0; n < 3 * FREE; n++) burst.write(out, 'x');
    written.length = 0;
    burst.write(out, 'a');
    expect(written).toEqual([]);
    time.ms += 2;
    burst.write(out, 'b');
    expect(written).toEqual([expect.stringMatching(/^out:x*a$/), 'out:b']);
    burst.write(out, 'c');
    burst.write(out, 'd');
    burst.write(err, 'e');
    expect(written.slice(2)).toEqual(['out:c', 'out:d']);
    burst.flush();
    expect(written.at(-1)).toBe('err:e');
  });
});
