import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** The built command line. */
export const CLI = join(ROOT, 'dist', 'cli', 'main.js');

/** A file of `test/fixtures/e2e`. */
export function fixture(name: string): string {
  return join(ROOT, 'test', 'fixtures', 'e2e', name);
}

export interface Ended {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

export interface Spawned {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when the text has been printed on either stream. Rejects, with all that was printed, when the process ends without. */
  printed(text: string): Promise<void>;
}

export interface SpawnPlace {
  readonly cwd: string;
  /** Added to a bare environment; `MILLRACE_HOME` is `.millrace` of the folder unless it is given here. Undefined takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** `node <args>` in a process of its own: nobody's terminal, nobody's settings. */
export function spawnNode(args: readonly string[], { cwd, env = {} }: SpawnPlace): Spawned {
  const { PATH, HOME, TZ, TMPDIR } = process.env;
  const bare = { PATH, HOME, TZ, TMPDIR, MILLRACE_HOME: join(cwd, '.millrace'), ...env };
  const child = spawn(process.execPath, args, { cwd, env: bare as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    for (const look of waiting) look();
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject).on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return {
    child,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!out.includes(text) && !err.includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(() => reject(new Error(`expected it to print '${text}' before it ended; it printed:\n${out}${err}`)), reject);
      }),
  };
}

/** One folder with its own project, and the command line in it. */
export interface Shell {
  readonly folder: string;
  start(...args: readonly string[]): Spawned;
  millrace(...args: readonly string[]): Promise<Ended>;
  /** What a command with `--json` printed. */
  json<T>(...args: readonly string[]): Promise<T>;
}

export function shellIn(folder: string, env: SpawnPlace['env'] = {}): Shell {
  const start = (...args: readonly string[]): Spawned => spawnNode([CLI, ...args], { cwd: folder, env });
  return {
    folder,
    start,
    millrace: async (...args) => await start(...args).ended,
    async json<T>(...args: readonly string[]): Promise<T> {
      const { out, err } = await start(...args, '--json').ended;
      if (out === '') throw new Error(`expected JSON from millrace ${args.join(' ')}; it printed nothing but:\n${err}`);
      return JSON.parse(out) as T;
    },
  };
}

/** What is recorded of a run, as far as these tests look at it. */
export interface RecordedRun {
  readonly id: string;
  readonly state: string;
  readonly error?: { readonly code?: string; readonly message: string };
  readonly taskRuns: readonly { readonly id: string; readonly state: string; readonly error?: { readonly message: string } }[];
}

/** Task runs and their states. */
export function statesOf(run: RecordedRun): Record<string, string> {
  return Object.fromEntries(run.taskRuns.map(({ id, state }) => [id, state]));
}
