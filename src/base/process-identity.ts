import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Enough of a process to say later, from another one, whether it still lives (S31). */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes at each boot. Empty where the platform has none. */
  readonly bootId: string;
  /** The space in which `pid` means something; a container has its own. Empty where the platform has none. */
  readonly pidNamespace: string;
  readonly pid: number;
  /** When the process started, in whatever the platform gives; only ever compared. Empty when it cannot be known. */
  readonly pidStarted: string;
}

/** `stopped`: it is there, and does nothing until somebody lets it go on. `elsewhere`: it cannot be looked up from here, so nothing is known of it. */
export type Liveness = 'alive' | 'stopped' | 'gone' | 'elsewhere';

let own: ProcessIdentity | undefined;

/** The identity of this process; read once. */
export function processIdentity(): ProcessIdentity {
  own ??= Object.freeze({
    host: hostname(),
    bootId: bootId(),
    pidNamespace: pidNamespace(),
    pid: process.pid,
    pidStarted: lookUp(process.pid)?.started ?? '',
  });
  return own;
}

/**
 * Judges by pid and start time, so that a reused pid is not taken for its former bearer. A zombie counts as gone: it runs no more, only its
 * parent has not noticed. A host that has booted since has none of its former processes.
 */
export function isAlive(owner: ProcessIdentity): Liveness {
  const here = processIdentity();
  if (owner.bootId !== here.bootId) return owner.host === here.host ? 'gone' : 'elsewhere';
  // Without a boot id the host's name is the only sign of being on the same machine.
  if (owner.pidNamespace !== here.pidNamespace || (here.bootId === '' && owner.host !== here.host)) return 'elsewhere';
  if (owner.pid === here.pid) return sameStart(owner.pidStarted, here.pidStarted) ? 'alive' : 'gone';
  const found = lookUp(owner.pid);
  if (found === undefined || !sameStart(owner.pidStarted, found.started)) return 'gone';
  return found.isStopped ? 'stopped' : 'alive';
}

/** Whether that is the process this runs in. */
export function isThisProcess(owner: ProcessIdentity): boolean {
  return owner.pid === process.pid && isAlive(owner) === 'alive';
}

/** An unknown start time contradicts nothing. */
function sameStart(a: string, b: string): boolean {
  return a === b || a === '' || b === '';
}

interface FoundProcess {
  /** Empty when it lives but that cannot be known. */
  readonly started: string;
  /** By a signal or a debugger. Only known on Linux. */
  readonly isStopped: boolean;
}

/** Undefined when there is no process with this pid. */
function lookUp(pid: number): FoundProcess | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  if (process.platform === 'linux') {
    const stat = tryRead(`/proc/${pid}/stat`);
    const known = stat === undefined ? undefined : startInStat(stat);
    if (stat !== undefined) return known === undefined ? undefined : { started: known, isStopped: /^[Tt]/.test(afterCommand(stat)) };
  }
  if (!signalReaches(pid)) return undefined;
  const started = process.platform === 'linux' || process.platform === 'win32' ? '' : (startByPs(pid) ?? '');
  return { started, isStopped: false };
}

/**
 * The start time (field 22, in clock ticks since boot) of a line of `/proc/<pid>/stat`; undefined for a zombie or a dying process.
 */
export function startInStat(stat: string): string | undefined {
  const fields = afterCommand(stat).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' || state === 'x' ? undefined : (fields[19] ?? '');
}

/** From the third field on. The second is the command in parentheses and may itself hold spaces and parentheses, so the last one that closes counts. */
function afterCommand(stat: string): string {
  return stat.slice(stat.lastIndexOf(')') + 2);
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startByPs(pid: number): string | undefined {
  return tryRun('ps', ['-o', 'lstart=', '-p', String(pid)]);
}

function bootId(): string {
  if (process.platform === 'linux') return tryRead('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  if (process.platform === 'darwin') return tryRun('sysctl', ['-n', 'kern.bootsessionuuid']) ?? '';
  return '';
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function tryRun(command: string, args: readonly string[]): string | undefined {
  try {
    // Linux says all of it in files: what runs commands is loaded elsewhere only.
    const { execFileSync } = process.getBuiltinModule('node:child_process');
    // The C locale: `ps` would else print the same time differently for two users.
    const text = execFileSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
      timeout: 2_000,
    });
    return text.trim() || undefined;
  } catch {
    return undefined;
  }
}
