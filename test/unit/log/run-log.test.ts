import { describe, expect, it } from 'vitest';
import { MAX_LINE_LENGTH } from '../../../src/log/line-buffer.js';
import { createTaskLogger } from '../../../src/log/run-log.js';
import type { LogLevel } from '../../../src/model/event.js';

describe('createTaskLogger', () => {
  it('formats as console does, a line at a time, at its level', () => {
    const lines: [LogLevel, string][] = [];
    const log = createTaskLogger((level, text) => lines.push([level, text]));
    log.debug('%s %d', 'a', 1);
    log.info({ a: [1] }, 'x\ny');
    log.warn();
    const { error } = log;
    error(new Error('outer', { cause: new Error('inner') }));
    expect(lines.slice(0, 4)).toEqual([
      ['debug', 'a 1'],
      ['info', '{ a: [ 1 ] } x'],
      ['info', 'y'],
      ['warn', ''],
    ]);
    const stack = lines.slice(4).map(([, text]) => text);
    expect(stack[0]).toBe('Error: outer');
    expect(stack.join('\n')).toMatch(/run-log\.test\.ts[\s\S]*\[cause\]: Error: inner/);
    expect(lines.slice(4).every(([level]) => level === 'error')).toBe(true);
  });

  it('cuts what is too long', () => {
    const lines: string[] = [];
    createTaskLogger((_level, text) => lines.push(text)).info('x'.repeat(1_000_000));
    expect(lines[0]?.length).toBeLessThan(MAX_LINE_LENGTH + 100);
  });
});
