import { type ChildProcess, spawn } from 'node:child_process';
import { asError } from '../base/error.js';
import type { DueRun } from '../model/due-run.js';
import type { UntoldCrash } from '../runs/service/crashes.js';
import { lastWordsOf } from './last-words-of.js';
import type { LaunchEnd, Launched, Launcher } from './launcher.js';

/** Whoever is told may be slow, but not for ever. */
const LONGEST_TELLING_MS = 180_000;

export interface ChildLauncherOptions {
  /** The command that runs a due run, before the file: Node, its flags, the script. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file that says who is told of each run. Absolute. @default none */
  readonly notify?: string;
}

/**
 * Runs each due run in a process of its own: one that crashes or blocks harms no other, changed code is picked up, and it outlives a service that is
 * killed. It is in a group of its own, so that Ctrl+C in a terminal reaches the service alone, which then drains.
 */
export class ChildLauncher implements Launcher {
  readonly #options: ChildLauncherOptions;

  constructor(options: ChildLauncherOptions) {
    this.#options = options;
  }

  launch({ run, flow }: DueRun, file: string | undefined): Launched {
    const { command, cwd, env } = this.#options;
    const [program = process.execPath, ...args] = command;
    let child: ChildProcess;
    try {
      // What tasks print is in the record. `--` : a file or flow may begin with a dash.
      child = spawn(program, [...args, 'run', '--quiet', '--due', run, ...this.#notify(), '--', file ?? '', flow], {
        cwd,
        env,
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        windowsHide: true,
      });
    } catch (error) {
      return { ended: Promise.resolve({ words: asError(error).message }), cancel: () => {}, kill: () => {} };
    }
    const words = lastWordsOf(child.stderr);
    const ended = new Promise<LaunchEnd>((resolve) => {
      child.once('error', (error) => resolve({ words: error.message }));
      child.once('close', (code, signal) => resolve({ words: words() || (signal ? `its process was ended by ${signal}` : `exit code ${code}`) }));
    });
    return { ended, cancel: () => void child.kill('SIGINT'), kill: () => void child.kill('SIGKILL') };
  }

  /** Whom to tell, only the flow's code knows. @throws Error with what the process said */
  async tellCrash({ run, flow }: UntoldCrash, file: string | undefined): Promise<void> {
    const { command, cwd, env } = this.#options;
    const [program = process.execPath, ...args] = command;
    const child = spawn(program, [...args, 'tell-crash', ...this.#notify(), '--', file ?? '', flow, run], {
      cwd,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
      windowsHide: true,
    });
    const words = lastWordsOf(child.stderr);
    const timer = setTimeout(() => child.kill('SIGKILL'), LONGEST_TELLING_MS);
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)).finally(() =>
      clearTimeout(timer),
    );
    // Places that could not be told are in the run's log: it was its flow that could not be asked.
    if (code !== 0) throw new Error(words() || `its process ended with exit code ${code}`);
  }
  #notify(): readonly string[] {
    const { notify } = this.#options;
    return notify === undefined ? [] : ['--notify', notify];
  }
}
