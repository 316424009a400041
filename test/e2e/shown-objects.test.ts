import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fixture, spawnNode } from './spawned.js';

it('what users print shows nothing that is private in the sources, built as it is', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'millrace-shown-'));
  const { code, out, err } = await spawnNode([fixture('shown-objects.mjs')], { cwd }).ended;
  rmSync(cwd, { recursive: true, force: true });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain("Attempt { kind: 'task', node: 0, attempt: 1");
  expect(out).toContain("RunInProgress { id: '");
  expect(out.match(/.*\$\w+.*/g)).toBeNull();
});
