import { spawn, spawnSync } from 'node:child_process';
import { systemClock } from '../base/clock.js';

const IS_WINDOWS = process.platform === 'win32';
/** How often it is looked whether a group that was asked to end has ended, in milliseconds. */
const LOOK_MS = 20;

/** What a child has to be spawned with so that it leads a group of its own. Windows has no groups: there the tree below it is ended. */
export const LEADS_GROUP = Object.freeze({ detached: !IS_WINDOWS, windowsHide: true });

const living = new Set<ProcessGroup>();

/** One listener for all: Node warns of the eleventh. */
function killLiving(): void {
  for (const group of living) group.killNow();
}

/**
 * A child process and all that it starts, ended together. A group that is not released is killed when this process exits; only a kill
 * that gives this process no time to act leaves it behind.
 */
export class ProcessGroup {
  readonly #leader: number;
  #ending: Promise<void> | undefined;

  /** @param leader process id of a child spawned with `LEADS_GROUP` */
  constructor(leader: number) {
    this.#leader = leader;
    if (living.size === 0) process.on('exit', killLiving);
    living.add(this);
  }

  /** Whether any of its processes is there. On Windows: its leader. */
  get alive(): boolean {
    try {
      process.kill(this.#target, 0);
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }

  /** Asks it to end (SIGTERM) and, when `graceMs` are over, makes it (SIGKILL). Asked again while it ends, it gives the same promise. */
  end(graceMs: number): Promise<void> {
    this.#ending ??= this.#end(graceMs);
    return this.#ending;
  }

  async #end(graceMs: number): Promise<void> {
    this.#signal('SIGTERM');
    for (let waited = 0; this.alive && waited < graceMs; waited += LOOK_MS) await pause(LOOK_MS);
    this.#signal('SIGKILL');
  }

  killNow(): void {
    if (IS_WINDOWS) spawnSync('taskkill', this.#taskkill(), { stdio: 'ignore', windowsHide: true });
    else this.#signal('SIGKILL');
  }

  /** It has ended: its number may soon be another's. */
  release(): void {
    living.delete(this);
    if (living.size === 0) process.off('exit', killLiving);
  }

  get #target(): number {
    return IS_WINDOWS ? this.#leader : -this.#leader;
  }

  #signal(name: NodeJS.Signals): void {
    // Console programs of Windows cannot be asked: both signals end them.
    if (IS_WINDOWS) spawn('taskkill', this.#taskkill(), { stdio: 'ignore', windowsHide: true }).on('error', () => {});
    else if (this.alive) trySignal(this.#target, name);
  }

  #taskkill(): string[] {
    return ['/pid', String(this.#leader), '/t', '/f'];
  }
}

/** A process may end between the look and the signal, or belong to another user by now (`sudo`). */
function trySignal(target: number, name: NodeJS.Signals): void {
  try {
    process.kill(target, name);
  } catch {
    // Nothing is left to be done.
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.schedule(ms, resolve));
}
