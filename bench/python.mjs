import { spawnSync } from 'node:child_process';
import process from 'node:process';

const PYTHON = 'MILLRACE_BENCH_PYTHON';
/** Debian's packages are for its own, which need not be the first on the PATH. */
const CANDIDATES = ['python3', '/usr/bin/python3'];
const HAS_ALL = 'import sys; from importlib.util import find_spec; sys.exit(any(find_spec(name) is None for name in sys.argv[1:]))';

/** @returns the first Python that has all these modules: the one named by the variable, else one of this machine's; undefined when none has */
function findPython(modules) {
  const named = process.env[PYTHON];
  const candidates = named === undefined ? CANDIDATES : [named];
  return candidates.find((python) => spawnSync(python, ['-c', HAS_ALL, ...modules]).status === 0);
}

/** @returns why they cannot be measured; undefined when all are installed. @param packages Debian's, by which they are */
export function missingModules(modules, packages) {
  if (findPython(modules) !== undefined) return undefined;
  return `no Python has ${modules.join(' and ')}; run \`apt-get install ${packages.join(' ')}\`, or name one that has in ${PYTHON}`;
}

/** Runs a script to its end. @returns what the last line of its output says, which is JSON */
export function runPython(modules, args, env) {
  const python = findPython(modules);
  const { status, signal, stdout, stderr } = spawnSync(python, args, { env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${python} ${args.join(' ')} failed (${signal ?? `exit code ${status}`}):\n${stderr}`);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1));
}
