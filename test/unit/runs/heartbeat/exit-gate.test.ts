import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { ExitGate } from '../../../../src/runs/heartbeat/exit-gate.js';

const root = mkdtempSync(join(tmpdir(), 'millrace-gate-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A process that ends while its thread opens one database after the other. */
const ENDS = `
const { Worker, isMainThread, workerData } = require('node:worker_threads');
const { ExitGate } = require('./exit-gate.cjs');
const gate = new ExitGate(workerData ?? undefined);
if (isMainThread) {
  new Worker(__filename, { workerData: gate.shared }).unref();
  process.on('exit', () => { if (!gate.shut(5_000)) process.exitCode = 9; });
  setTimeout(() => process.exit(0), 250);
} else {
  const Database = require(${JSON.stringify(createRequire(import.meta.url).resolve('libsql'))});
  while (gate.enter()) {
    const database = new Database(__dirname + '/any.db');
    database.prepare('SELECT 1').all([]);
    database.close();
    gate.leave();
  }
}`;

describe('the gate between a process that ends and its thread', () => {
  it('lets one in until it is shut, and says when who is inside does not come out', () => {
    const here = new ExitGate();
    const there = new ExitGate(here.shared);
    expect(there.enter()).toBe(true);
    expect(here.shut(1)).toBe(false);
    there.leave();
    expect(there.enter()).toBe(true);
    there.leave();
    expect(here.shut(1)).toBe(true);
    expect(here.shut(1)).toBe(true);
    expect(there.enter()).toBe(false);
    there.leave();
    expect(there.enter()).toBe(false);
  });

  it('O6: a process that ends while its thread is in the driver ends with its own exit code', () => {
    const source = readFileSync(fileURLToPath(new URL('../../../../src/runs/heartbeat/exit-gate.ts', import.meta.url)), 'utf8');
    writeFileSync(join(root, 'exit-gate.cjs'), transformSync(source, { loader: 'ts', format: 'cjs' }).code);
    writeFileSync(join(root, 'ends.cjs'), ENDS);
    for (let time = 0; time < 4; time++) {
      const { status, signal, stderr } = spawnSync(process.execPath, ['ends.cjs'], { cwd: root, encoding: 'utf8' });
      expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
    }
  }, 60_000);
});
