import { type ChildProcess, spawn } from 'node:child_process';
import { asError } from '../base/error.js';
import type { DueRun } from '../model/due-run.js';
import { lastWordsOf } from './last-words-of.js';
import type { LaunchEnd, Launched, Launcher } from './launcher.js';

export interface ChildLauncherOptions {
  /** The command that runs a due run, before the file: Node, its flags, the script. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
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
      child = spawn(program, [...args, 'run', '--quiet', '--due', run, '--', file ?? '', flow], {
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
}
