import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const EXTENDS = /"extends"\s*:\s*(?:"([^"]+)"|\[([^\]]*)\])/;
/** A path that may mean one of several files: which one, hangs on files that are not there. */
const ALTERNATIVES = /"paths"\s*:\s*\{[^}]*\[[^\]]*"[^\]]*,[^\]]*"[^\]]*\]/;

/** The settings that say what imports mean, with all that they extend. Undefined: that cannot be told from these files alone. */
export function tsconfigsIn(folders: readonly string[]): readonly string[] | undefined {
  const found = new Set<string>();
  const open = folders.map((folder) => join(folder, 'tsconfig.json'));
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (found.has(path)) continue;
    const text = readText(path);
    if (text === undefined) continue;
    found.add(path);
    if (ALTERNATIVES.test(text)) return undefined;
    for (const base of basesOf(text)) {
      const extended = resolveBase(path, base);
      if (extended === undefined) return undefined;
      open.push(extended);
    }
  }
  return [...found];
}

function basesOf(text: string): readonly string[] {
  const [, one, several] = EXTENDS.exec(text) ?? [];
  if (one !== undefined) return [one];
  return [...(several ?? '').matchAll(/"([^"]+)"/g)].map(([, base]) => base as string);
}

function resolveBase(path: string, base: string): string | undefined {
  const attempts = [base, `${base}.json`, `${base}/tsconfig.json`];
  if (base.startsWith('.')) return attempts.map((attempt) => join(dirname(path), attempt)).find((attempt) => readText(attempt) !== undefined);
  const { resolve } = createRequire(path);
  for (const attempt of attempts) {
    try {
      return resolve(attempt);
    } catch {
      // Not under this name.
    }
  }
  return undefined;
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
