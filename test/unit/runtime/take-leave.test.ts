import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { takeLeave } from '../../../src/runtime/take-leave.js';

const WATCHED = ['SIGINT', 'uncaughtExceptionMonitor'] as const;

describe('a program whose runs were cancelled by Ctrl-C (S15)', () => {
  let before: Map<string, readonly unknown[]>;
  const exit = vi.fn();

  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(process, 'exit').mockImplementation(exit as never);
    exit.mockClear();
    before = new Map(WATCHED.map((name) => [name, process.listeners(name as 'SIGINT')]));
  });
  afterEach(() => {
    vi.useRealTimers();
    process.exitCode = undefined;
    for (const name of WATCHED) {
      for (const listener of process.listeners(name as 'SIGINT')) if (!before.get(name)?.includes(listener)) process.off(name as 'SIGINT', listener);
    }
  });

  it('has a grace from the end of its runs on, then it is ended', () => {
    const ended = takeLeave();
    vi.advanceTimersByTime(60_000);
    expect(exit).not.toHaveBeenCalled();
    expect(process.exitCode).toBe(130);
    ended();
    vi.advanceTimersByTime(4_999);
    expect(exit).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(exit).toHaveBeenCalledOnce();
  });

  it('keeps the exit code that it sets itself', () => {
    process.exitCode = 3;
    takeLeave();
    expect(process.exitCode).toBe(3);
  });
});
