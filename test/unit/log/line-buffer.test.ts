import { describe, expect, it } from 'vitest';
import { LineBuffer, MAX_LINE_LENGTH } from '../../../src/log/line-buffer.js';
import { createMask } from '../../../src/log/mask.js';
import type { LogLevel } from '../../../src/model/event.js';

function buffer(options: ConstructorParameters<typeof LineBuffer>[1] = {}) {
  const lines: [LogLevel, string][] = [];
  const target = new LineBuffer((level, text) => lines.push([level, text]), options);
  return { target, lines, texts: () => lines.map(([, text]) => text) };
}

describe('LineBuffer', () => {
  it('gives a line the level of the write that ends it', () => {
    const { target, lines } = buffer();
    target.write('a', 'info');
    target.write('b\nc\n', 'warn');
    expect(lines).toEqual([
      ['warn', 'ab'],
      ['warn', 'c'],
    ]);
  });

  it.each([
    ['both in one write', ['a\r\nb\r\n']],
    ['cut between the two', ['a\r', '\nb\r', '\n']],
    ['each a write of its own', ['a', '\r', '\n', 'b', '\r', '\n']],
  ])('ends lines at CR LF: %s', (_name, chunks) => {
    const { target, texts } = buffer();
    for (const chunk of chunks) target.write(chunk, 'info');
    expect(texts()).toEqual(['a', 'b']);
  });

  it.each([
    ['return first', ['\r10 %', '\r50 %', '\r100 %', '\nnext\n']],
    ['return last', ['10 %\r', '50 %\r', '100 %\r', '\nnext\n']],
  ])('keeps the last drawing of a progress bar: %s', (_name, chunks) => {
    const { target, texts } = buffer();
    for (const chunk of chunks) target.write(chunk, 'info');
    expect(texts()).toEqual(['100 %', 'next']);
  });

  it('keeps a return within a write, so that text cannot hide what stands before it', () => {
    const { target, texts } = buffer();
    target.write('user eve denied\ruser bob allowed\n', 'info');
    expect(texts()).toEqual(['user eve denied\ruser bob allowed']);
  });

  it('flushes a bar that was never ended, and nothing twice', () => {
    const { target, texts } = buffer();
    target.write('\r100 %\r', 'info');
    target.flush('info');
    target.flush('info');
    expect(texts()).toEqual(['100 %']);
  });

  it('replaces half a character at the end, or before text', () => {
    const { target, texts } = buffer();
    target.write(Uint8Array.of(0xc3), 'info');
    target.write('a\n', 'info');
    target.write(Uint8Array.of(0x62, 0xf0, 0x9f), 'info');
    target.flush('info');
    expect(texts()).toEqual(['\ufffda', 'b\ufffd']);
  });

  it('cuts a line that is too long, says so, and goes on with the next', () => {
    const { target, texts } = buffer();
    for (let i = 0; i < 100; i += 1) target.write('x'.repeat(10_000), 'info');
    target.write('\nnext\n', 'info');
    expect(texts()).toEqual([`${'x'.repeat(MAX_LINE_LENGTH)} … [line cut, ${1_000_000 - MAX_LINE_LENGTH} more characters]`, 'next']);
  });

  it('leaves a line of the greatest length whole, and never halves a character', () => {
    const { target, texts } = buffer();
    target.write(`${'x'.repeat(MAX_LINE_LENGTH)}\n${'x'.repeat(MAX_LINE_LENGTH - 1)}😀\n`, 'info');
    expect(texts()[0]).toHaveLength(MAX_LINE_LENGTH);
    expect(texts()[1]).toBe(`${'x'.repeat(MAX_LINE_LENGTH - 1)} … [line cut, 2 more characters]`);
  });

  it('S18: leaves no part of a secret that lies across the cut', () => {
    const secret = 'canary-4711-secret';
    const { target, texts } = buffer({ mask: createMask([secret]) });
    const before = 'x'.repeat(MAX_LINE_LENGTH - 5);
    for (const piece of [before, secret.slice(0, 9), secret.slice(9), 'y'.repeat(200_000), '\n']) target.write(piece, 'info');
    expect(texts()[0]).toContain('x***y');
    expect(texts()[0]).not.toContain('can');
  });
});
