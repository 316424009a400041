import { fileURLToPath } from 'node:url';

/**
 * Where this package lies, with forward slashes and a slash at its end, whether its sources run or its build. Undefined when it was bundled
 * into another program: then own files cannot be told from the user's.
 */
export const PACKAGE_ROOT: string | undefined = packageRoot(import.meta.url);

/** Its sources and its build: with source maps on, frames of the one are shown as frames of the other. */
export const OWN_FOLDERS: readonly string[] = PACKAGE_ROOT === undefined ? [] : [`${PACKAGE_ROOT}src/`, `${PACKAGE_ROOT}dist/`];

function packageRoot(here: string): string | undefined {
  const path = fileURLToPath(here.replace(/[?#].*$/, '')).replaceAll('\\', '/');
  return /^(.*\/)(?:src|dist)\/(?:(?:base|parts|cli|testing)\/)?[^/]*$/.exec(path)?.[1];
}
