import { describe, expect, it } from 'vitest';
import { useColour } from '../../../src/log/colour.js';

describe('useColour', () => {
  const terminal = { isTTY: true };
  const pipe = {};
  it.each([
    [terminal, {}, true],
    [pipe, {}, false],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { NO_COLOR: '0' }, false],
    [terminal, { NO_COLOR: '' }, true],
    [pipe, { FORCE_COLOR: '1' }, true],
    [pipe, { FORCE_COLOR: '' }, false],
    [terminal, { FORCE_COLOR: '0' }, false],
    [terminal, { FORCE_COLOR: 'false' }, false],
    [pipe, { NO_COLOR: '1', FORCE_COLOR: '1' }, false],
    [terminal, { TERM: 'dumb' }, false],
    [pipe, { TERM: 'dumb', FORCE_COLOR: '3' }, true],
    [terminal, { TERM: 'xterm-256color' }, true],
  ])('%o with %o: %s', (stream, env, expected) => {
    expect(useColour(stream, env)).toBe(expected);
  });
});
