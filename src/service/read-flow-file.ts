import { spawn } from 'node:child_process';
import type { FlowData } from './flow-data.js';
import { lastWordsOf } from './last-words-of.js';

/** What a flow file came to when it was loaded. */
export interface FileReading {
  readonly flows: readonly FlowData[];
  /** The project files that it is made of, where they are known. Absolute. */
  readonly modules?: readonly string[];
}

/** What the process that reads a file sends. */
export type FileReport = { readonly reading: FileReading } | { readonly error: string };

/** @param after schedules that are not data list their instants after this time @throws Error with why it cannot be loaded */
export type ReadFlowFile = (path: string, after: number) => Promise<FileReading>;

export interface ReaderOptions {
  /** The command that reads a file, before the file and the time: Node, its flags, the script. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** A file that takes longer to load is broken. In milliseconds. */
  readonly limitMs: number;
}

/**
 * Loads flow files in processes of their own, each for one file and no longer than it takes: a file that throws, exits or never ends harms nobody, and
 * what was loaded before does not linger.
 */
export function flowFileReader({ command, cwd, env, limitMs }: ReaderOptions): ReadFlowFile {
  return async (path, after) => {
    const [program = process.execPath, ...args] = command;
    const child = spawn(program, [...args, path, String(after)], { cwd, env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], windowsHide: true });
    const words = lastWordsOf(child.stdout, child.stderr);
    let report: FileReport | undefined;
    let isTooSlow = false;
    const timer = setTimeout(() => {
      isTooSlow = true;
      child.kill('SIGKILL');
    }, limitMs);
    child.on('message', (message) => {
      report = message as FileReport;
    });
    const how = await new Promise<string>((resolve, reject) => {
      child.once('error', reject);
      // Not its streams' end: what the file has started may hold them open.
      child.once('exit', (code, signal) => setImmediate(() => resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`)));
    }).finally(() => clearTimeout(timer));
    if (report !== undefined && 'reading' in report) return report.reading;
    if (report !== undefined) throw new Error(report.error);
    if (isTooSlow) throw new Error(`it takes longer than ${limitMs / 1_000} s to load`);
    const said = words();
    throw new Error(`the process that loaded it ${how}${said === '' ? '' : `; it said:\n${said}`}`);
  };
}
