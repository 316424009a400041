import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isAlive, processIdentity, startInStat } from '../../../src/base/process-identity.js';

const here = processIdentity();

describe('S31: whether a process still lives', () => {
  it('knows itself', () => {
    expect(here.pid).toBe(process.pid);
    expect(isAlive(here)).toBe('alive');
  });

  it.runIf(process.platform === 'linux')('takes a reused pid for what it is', () => {
    expect(here.pidStarted).toMatch(/^\d+$/);
    expect(isAlive({ ...here, pidStarted: '1' })).toBe('gone');
    expect(isAlive({ ...here, pid: process.ppid, pidStarted: '1' })).toBe('gone');
  });

  it('judges a pid without a known start time by the pid alone', () => {
    expect(isAlive({ ...here, pid: process.ppid, pidStarted: '' })).toBe('alive');
    expect(isAlive({ ...here, pid: 2 ** 22 + 1, pidStarted: '' })).toBe('gone');
    expect(isAlive({ ...here, pid: -1, pidStarted: '' })).toBe('gone');
  });

  it('takes a host that has booted since for empty, and judges no other', () => {
    expect(isAlive({ ...here, bootId: 'before' })).toBe('gone');
    expect(isAlive({ ...here, bootId: 'other', host: 'other' })).toBe('elsewhere');
    expect(isAlive({ ...here, pidNamespace: 'pid:[1]' })).toBe('elsewhere');
  });

  it('sees a child come and go', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    const owner = { ...here, pid: child.pid as number, pidStarted: '' };
    expect(isAlive(owner)).toBe('alive');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(isAlive(owner)).toBe('gone');
  });

  it('reads the start time behind any command, and none of a zombie', () => {
    const fields = (state: string) => `${state} ${Array.from({ length: 18 }, (_, n) => n).join(' ')} 4711 0 0`;
    expect(startInStat(`7 (node) ${fields('S')}`)).toBe('4711');
    expect(startInStat(`7 (a b) (c) ) ${fields('R')}`)).toBe('4711');
    expect(startInStat(`7 (node) ${fields('Z')}`)).toBeUndefined();
  });
});
