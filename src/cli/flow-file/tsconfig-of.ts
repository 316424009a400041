import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { resolveTsconfig, TsconfigCache } from 'rolldown/experimental';

/** `compilerOptions`, those of `extends` included, as far as the bundler goes by them. */
export type CompilerOptions = NonNullable<ReturnType<typeof resolveTsconfig>>['tsconfig']['compilerOptions'];

/** The tsconfig.json that says how a file is compiled. */
export interface FoundTsconfig {
  readonly path: string | undefined;
  readonly options: CompilerOptions;
  /** Whether the bundler goes by it of its own accord: it leaves out files that `include` does not name, JavaScript among them. */
  readonly isBundlers: boolean;
}

/** Finds the tsconfig.json of files; each is read once. */
export interface TsconfigFinder {
  /** @throws Error when it cannot be read */
  of(file: string): FoundTsconfig;
}

/** @param tools the bundler's own readers, which the caller has loaded */
export function createTsconfigFinder(tools: {
  readonly resolveTsconfig: typeof resolveTsconfig;
  readonly TsconfigCache: typeof TsconfigCache;
}): TsconfigFinder {
  const discovered = new tools.TsconfigCache();
  const pinned = new Map<string, InstanceType<typeof TsconfigCache>>();
  const cacheOf = (path: string): InstanceType<typeof TsconfigCache> => {
    const cache = pinned.get(path) ?? new tools.TsconfigCache(path);
    pinned.set(path, cache);
    return cache;
  };
  return {
    of(file) {
      const bundlers = tools.resolveTsconfig(file, discovered);
      if (bundlers) return { path: bundlers.tsconfigFilePaths[0], options: bundlers.tsconfig.compilerOptions, isBundlers: true };
      const path = nearestTsconfig(dirname(file));
      const found = path === undefined ? undefined : tools.resolveTsconfig(file, cacheOf(path));
      return { path, options: found?.tsconfig.compilerOptions ?? {}, isBundlers: false };
    },
  };
}

function nearestTsconfig(folder: string): string | undefined {
  for (let here = folder; ; here = dirname(here)) {
    const path = join(here, 'tsconfig.json');
    if (existsSync(path)) return path;
    if (here === dirname(here)) return undefined;
  }
}
