import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { systemClock } from '../base/clock.js';
import { asError } from '../base/error.js';
import { LEADS_GROUP, ProcessGroup } from './process-group.js';
import { ShellError } from './shell-error.js';
import { StreamLines } from './stream-lines.js';

export interface CommandRequest {
  /** A text is given to the shell; a list is a program and its arguments, which no shell ever sees. */
  readonly command: string | readonly string[];
  readonly cwd: string | undefined;
  /** Added to the environment of this process. */
  readonly env: Readonly<Record<string, string>> | undefined;
  /** What it reads from stdin. @default nothing */
  readonly input?: string;
  /** Bytes of stdout that are kept. */
  readonly maxBuffer: number;
  /** From the request to end to the kill, in milliseconds. */
  readonly graceMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onLine: (from: 'stdout' | 'stderr', line: string) => void;
}

type Child = ChildProcess & { readonly stdout: Readable; readonly stderr: Readable };

const STDERR_LINES = 20;
const MAX_SHOWN = 200;

/**
 * Runs a command to its end and gives what it wrote to stdout, without the last line end. Nothing it started in its process group is
 * left when this settles, however it ends.
 * @throws ShellError; the signal's reason when that is aborted
 */
export async function runCommand(request: CommandRequest): Promise<string> {
  const { signal, graceMs } = request;
  signal?.throwIfAborted();
  const child = await start(request);
  const group = new ProcessGroup(child.pid as number);
  let stopped: { readonly reason: unknown } | undefined;
  const stop = (reason: unknown): void => {
    stopped ??= { reason };
    void group.end(graceMs);
  };
  const onAbort = (): void => stop(signal?.reason);
  if (signal?.aborted) onAbort();
  else signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const output = new CommandOutput(child, request, stop);
    const ended = await endOf(child);
    await output.closedWithin(graceMs);
    // What a command leaves running in its group (`server &`) ends with it, though not at once: bash does not wait for `> >(tee log)`.
    if (group.alive) await group.end(graceMs);
    // A process that left the group may hold the pipes for ever. What lies in them is read; once they are silent, the rest is its own affair.
    await output.silent(graceMs, () => stopped !== undefined);
    // Of two reasons the first counts, also when the command meanwhile ended by itself.
    if (stopped) throw stopped.reason;
    if (ended.code !== 0) throw failed(request, ended, output.lastErrors);
    return output.text();
  } finally {
    signal?.removeEventListener('abort', onAbort);
    group.release();
  }
}

/** @throws ShellError `SHELL_NOT_FOUND`, `SHELL_NOT_STARTED` */
async function start(request: CommandRequest): Promise<Child> {
  const { command, cwd, env, input } = request;
  const isText = typeof command === 'string';
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const options = {
    ...LEADS_GROUP,
    cwd,
    shell: isText,
    stdio: [stdin, 'pipe', 'pipe'] as StdioOptions,
    ...(env && { env: { ...process.env, ...env } }),
  };
  try {
    const child = (isText ? spawn(command, options) : spawn(command[0] as string, command.slice(1), options)) as Child;
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    // A command that does not read it has closed it: its exit code says how it went.
    child.stdin?.on('error', () => {}).end(input);
    return child;
  } catch (error) {
    throw notStarted(request, asError(error));
  }
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function endOf(child: Child): Promise<Ended> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
}

/** What a command writes: to the log line by line, stdout also to be the result. */
class CommandOutput {
  /** Bytes, of both streams. */
  received = 0;
  readonly lastErrors: string[] = [];
  readonly #kept: Buffer[] = [];
  #room: number;
  readonly #streams: readonly Readable[];
  readonly #lines: readonly StreamLines[];
  readonly #closed: Promise<void>;

  constructor(child: Child, request: CommandRequest, stop: (reason: unknown) => void) {
    this.#room = request.maxBuffer;
    this.#closed = new Promise((resolve) => child.once('close', () => resolve()));
    const out = new StreamLines((line) => request.onLine('stdout', line));
    const err = new StreamLines((line) => {
      if (this.lastErrors.push(line) > STDERR_LINES) this.lastErrors.shift();
      request.onLine('stderr', line);
    });
    this.#streams = [child.stdout, child.stderr];
    this.#lines = [out, err];
    child.stdout.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      this.#room -= bytes.length;
      if (this.#room < 0) return stop(tooLarge(request));
      this.#kept.push(bytes);
      out.write(bytes);
    });
    child.stderr.on('data', (bytes: Buffer) => {
      this.received += bytes.length;
      err.write(bytes);
    });
  }

  /** Whether both pipes have ended. A turn of the loop after the time is over, so that what lay in them while the loop was busy is read. */
  closedWithin(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const forget = systemClock.schedule(ms, () => setImmediate(resolve, false));
      void this.#closed.then(() => {
        forget();
        resolve(true);
      });
    });
  }

  /** Resolves when both pipes have ended, or nothing came for `ms`; then nothing more is read. */
  async silent(ms: number, isEnough: () => boolean): Promise<void> {
    for (let before = -1; before !== this.received; ) {
      before = this.received;
      if ((await this.closedWithin(ms)) || isEnough()) break;
    }
    for (const stream of this.#streams) stream.destroy();
    for (const lines of this.#lines) lines.end();
  }

  text(): string {
    return Buffer.concat(this.#kept)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  }
}

// ── what is said when it goes wrong ──

function notStarted(request: CommandRequest, cause: Error): ShellError {
  const { cwd } = request;
  const command = commandText(request.command);
  if (cwd !== undefined && !isFolder(cwd))
    return new ShellError('SHELL_NOT_STARTED', `expected 'cwd' of command ${command} to be a folder; got '${cwd}'`, { command, cause });
  if ((cause as NodeJS.ErrnoException).code !== 'ENOENT')
    return new ShellError('SHELL_NOT_STARTED', `expected command ${command} to start; got ${cause.message}`, { command, cause });
  return notFound(command, { command, cause });
}

function notFound(command: string, details: ConstructorParameters<typeof ShellError>[2]): ShellError {
  return new ShellError('SHELL_NOT_FOUND', `expected a command that is installed; ${command} was not found`, {
    ...details,
    hint: 'Install it, or give its full path; a list is a program and its arguments, without pipes, variables or built-ins of the shell.',
  });
}

function failed({ command }: CommandRequest, { code, signal }: Ended, lastErrors: readonly string[]): ShellError {
  const text = commandText(command);
  const stderr = lastErrors.join('\n');
  const details = { command: text, exitCode: code ?? undefined, signal: signal ?? undefined, stderr };
  if (typeof command === 'string' && code === (process.platform === 'win32' ? 9009 : 127)) return notFound(text, details);
  const came = code === null ? `it was ended by ${signal}` : `got ${code}`;
  const last = lastErrors.findLast((line) => line.trim() !== '');
  return new ShellError('SHELL_FAILED', `expected command ${text} to end with exit code 0; ${came}${last === undefined ? '' : `: ${last}`}`, details);
}

function tooLarge({ command, maxBuffer }: CommandRequest): ShellError {
  const text = commandText(command);
  return new ShellError('SHELL_OUTPUT_TOO_LARGE', `expected command ${text} to write at most ${maxBuffer} bytes to stdout; it wrote more`, {
    command: text,
    hint: 'Let it write to a file and pass the path on, or raise maxBuffer.',
  });
}

function commandText(command: string | readonly string[]): string {
  const text = typeof command === 'string' ? command : command.map((part) => (/^[\w@%+=:,./-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');
  return `\`${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text}\``;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
