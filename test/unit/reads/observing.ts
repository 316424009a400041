import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { cache, type TaskOptions, task } from '../../../src/index.js';
import type { CacheEntryRow } from '../../../src/model/records.js';
import { openProject } from '../../../src/runtime/project.js';

const ROOT = mkdtempSync(join(tmpdir(), 'millrace-observed-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** A folder with these files in it. */
export function folderWith(files: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(ROOT, 'folder-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Which task bodies ran, in order. */
export const ran: string[] = [];

export async function ranIn(run: () => Promise<unknown>): Promise<string[]> {
  ran.length = 0;
  await run();
  return ran.toSorted();
}

/** A cached task whose code does not matter here. */
export function cached<A extends unknown[], R>(name: string, fn: (...args: A) => R, options: TaskOptions<A, Awaited<R>> = {}) {
  return task<A, Awaited<R>>(
    (...args) => {
      ran.push(name);
      return fn(...args) as Awaited<R>;
    },
    { name, version: '1', cache: cache.default, ...options },
  );
}

/** What the newest entry of a task says it read: the questions about each path. */
export async function readsOf(name: string): Promise<Readonly<Record<string, string>>> {
  await using project = await openProject();
  const entry: CacheEntryRow | undefined = await project.record.latestEntry(name);
  const reads: Record<string, string> = {};
  for (const { path, question } of entry?.reads ?? []) {
    const short = path.startsWith(ROOT) ? path.slice(ROOT.length + 1).replace(/^folder-[^/]*\/?/, '') || dirname(path) : path;
    reads[short] = reads[short] === undefined ? question : `${reads[short]}, ${question}`;
  }
  return reads;
}
