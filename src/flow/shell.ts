import { constants } from 'node:buffer';
import { type Duration, toMs } from '../base/duration.js';
import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';
import { isSecret, type Secret, secretValue } from '../model/secret.js';
import type { TaskDefinition } from '../model/task-definition.js';
import { codeSite, traceCall } from './code-site.js';
import { TASK_OPTIONS } from './option-kinds.js';
import { parameterNames } from './parameter-names.js';
import type { CommandRequest } from './run-command.js';
import { scopes } from './scope.js';
import { makeTask, TASK, task } from './task.js';
import { checkTarget, taskTarget } from './task-target.js';
import type { AnyArgs, Task, TaskOptions } from './task-type.js';

const MAX_BUFFER = 64 * 1024 * 1024;
const GRACE = '2s';

/** A text for the shell, or a program and its arguments, which no shell ever sees. */
export type ShellCommand = string | readonly string[];

export interface ShellOptions<A extends AnyArgs> extends TaskOptions<A, string> {
  /** Names single task runs, from their arguments; the task's own name is the first argument of `shell`. */
  name?: (...args: A) => string;
  /** Where the command runs. @default the folder of this process */
  cwd?: string;
  /** Added to the environment of this process. A `secret('NAME')` is looked up when the command starts, and masked in what it prints. */
  env?: Readonly<Record<string, string | Secret>>;
  /** Bytes of stdout that are kept in memory. @default 64 MiB */
  maxBuffer?: number;
  /** From SIGTERM to SIGKILL, when the command has to be ended before its time. @default '2s' */
  grace?: Duration;
}

/**
 * A command as a task. Its result is what the command writes to stdout, without the last line end. Lines go to the task's log as they
 * come, those of stdout as info, those of stderr as warnings. Stdin is empty.
 *
 * - A list is a program and its arguments. They reach it as they are: no shell, nothing to be quoted, nothing to be injected.
 * - A text asks for the shell: `/bin/sh -c` (`cmd.exe` on Windows), with pipes, variables and wildcards.
 * - A function of the task's arguments gives either. **Prefer the list there**: an argument that is put into a text is read by the shell,
 *   so that a file called `; rm -rf ~` is a command. Or hand it over in a variable of `env`, quoted in the text.
 *
 * When the task is cancelled or out of time, the command's whole process group is asked to end (SIGTERM), and killed after `grace`. What
 * a command leaves running in the background ends with it, unless it left the group (`setsid`).
 *
 * In cache keys the command (of a function, the code it reaches), `cwd` and `env` count as the task's code (S22); `version` replaces them.
 *
 * @example const count = shell('count', (path: string) => ['wc', '-l', path]);
 * @throws MillraceError `SHELL_COMMAND_INVALID`, `SHELL_OPTION_INVALID`, `TASK_NAME_INVALID`. The task fails with a `ShellError`: `SHELL_FAILED`,
 * `SHELL_NOT_FOUND`, `SHELL_NOT_STARTED`, `SHELL_OUTPUT_TOO_LARGE`
 */
export function shell<A extends AnyArgs = []>(
  name: string,
  command: ShellCommand | ((...args: A) => ShellCommand),
  options: ShellOptions<A> = {},
): Task<A, string> {
  const { cwd, env, maxBuffer = MAX_BUFFER, grace = GRACE, name: label, target, ...taskOptions } = options;
  checkOwnOptions(name, options);
  if (typeof command !== 'function') checkCommand(name, command);
  const settings = { cwd, maxBuffer, graceMs: toMs(grace) };
  const fn = async (...args: A): Promise<string> => {
    const given = typeof command === 'function' ? checkCommand(name, command(...args)) : command;
    // Most programs run no command: what it takes to is loaded by those that do.
    const { runCommand } = await import('./run-command.js');
    return await runCommand({ ...settings, env: valuesOf(env), command: given, ...surroundings() });
  };
  // The task's name; with a function for a `name`, tasks take that of their function.
  Object.defineProperty(fn, 'name', { value: name });
  const made = task(fn, { ...taskOptions, name: label ?? name });
  // The function that runs is the same for every command, so it is the command that tells one task's code from another's.
  const isFunction = typeof command === 'function';
  const code = codeSite('shell', isFunction ? command : undefined, traceCall(shell), { also: settingsText(isFunction ? null : command, cwd, env) });
  return changed(made, { code, parameterNames: isFunction ? parameterNames(command) : [], target: taskTarget(target, name) });
}

/** The log and the signal of the task that is running; without one (`task.fn`) there is neither. */
function surroundings(): Pick<CommandRequest, 'signal' | 'onLine'> {
  const scope = scopes.getStore();
  if (scope?.kind !== 'task') return { signal: undefined, onLine: () => {} };
  const { signal, log } = scope.context;
  return { signal, onLine: (from, line) => (from === 'stdout' ? log.info(line) : log.warn(line)) };
}

function valuesOf(env: ShellOptions<AnyArgs>['env']): Readonly<Record<string, string>> | undefined {
  return env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, typeof value === 'string' ? value : secretValue(value)]));
}

/** A secret counts by its name. */
function settingsText(command: ShellCommand | null, cwd: string | undefined, env: ShellOptions<AnyArgs>['env']): string {
  const variables = Object.entries(env ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([command, cwd ?? null, variables]);
}

/** Parameters are those of the user's function: reasons and labels speak of them. */
function changed<A extends AnyArgs>(made: Task<A, string>, changes: Pick<TaskDefinition, 'code' | 'parameterNames' | 'target'>): Task<A, string> {
  const { [TASK]: definition } = made as unknown as { readonly [TASK]: TaskDefinition };
  return makeTask(Object.freeze(checkTarget({ ...definition, ...changes })), []) as unknown as Task<A, string>;
}

function checkCommand(task: string, command: unknown): ShellCommand {
  const isText = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0');
  if (isText(command) && command.trim() !== '') return command;
  if (Array.isArray(command) && command[0] !== '' && command.length > 0 && command.every(isText)) return command;
  throw new MillraceError(
    'SHELL_COMMAND_INVALID',
    `expected the command of '${task}' to be a text, or a list of a program and its arguments, all of them texts; got ${describe(command)}`,
    { hint: "Turn other values into texts: ['head', '-n', String(count), path]." },
  );
}

const OPTIONS = [...Object.keys(TASK_OPTIONS), 'cwd', 'env', 'maxBuffer', 'grace'];

function checkOwnOptions(task: string, options: ShellOptions<AnyArgs>): void {
  const { cwd, env, maxBuffer } = options;
  const refuse = (option: string, expected: string, got: unknown): never => {
    throw new MillraceError('SHELL_OPTION_INVALID', `expected '${option}' of '${task}' to be ${expected}; got ${describe(got)}`);
  };
  refuseOtherOptions(options, OPTIONS, 'SHELL_OPTION_INVALID', ` of '${task}'`);
  if (env !== undefined && (typeof env !== 'object' || env === null)) refuse('env', 'an object of variables by name', env);
  if (cwd !== undefined && typeof cwd !== 'string') refuse('cwd', 'a path', cwd);
  if (maxBuffer !== undefined && !(Number.isInteger(maxBuffer) && maxBuffer > 0 && maxBuffer <= constants.MAX_STRING_LENGTH))
    refuse('maxBuffer', `a whole number of bytes from 1 to ${constants.MAX_STRING_LENGTH}`, maxBuffer);
  for (const [variable, value] of Object.entries(env ?? {}))
    if (typeof value !== 'string' && !isSecret(value)) refuse(`env.${variable}`, 'a text or a secret', value);
}
