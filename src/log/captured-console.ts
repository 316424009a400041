import { Console } from 'node:console';
import { format } from 'node:util';
import type { LogLevel } from '../model/event.js';
import type { TargetOutput } from './target-output.js';

/** The methods of `console` that print, or bear on what is printed later, and the level of their lines. */
export const CONSOLE_LEVELS = {
  log: 'info',
  info: 'info',
  debug: 'debug',
  warn: 'warn',
  error: 'error',
  trace: 'error',
  assert: 'warn',
  dir: 'info',
  dirxml: 'info',
  table: 'info',
  group: 'info',
  groupCollapsed: 'info',
  groupEnd: 'info',
  count: 'info',
  countReset: 'info',
  time: 'info',
  timeLog: 'info',
  timeEnd: 'info',
  // On a terminal it would wipe away what others printed; without one, as here, Node makes it do nothing.
  clear: 'info',
} as const satisfies Partial<Record<keyof Console, LogLevel>>;

export type ConsoleMethod = keyof typeof CONSOLE_LEVELS;

export const CONSOLE_METHODS = Object.keys(CONSOLE_LEVELS) as readonly ConsoleMethod[];

/** These print their arguments as one text and do nothing else. */
const PLAIN: Readonly<Partial<Record<ConsoleMethod, 'stdout' | 'stderr'>>> = {
  log: 'stdout',
  info: 'stdout',
  debug: 'stdout',
  warn: 'stderr',
  error: 'stderr',
};

function formatted(args: readonly unknown[]): string {
  const [first] = args;
  return args.length === 1 && typeof first === 'string' ? first : format(...args);
}

/** These remember something between calls (indentation, counters, timers): each task has its own. */
const WITH_MEMORY: ReadonlySet<ConsoleMethod> = new Set(['group', 'groupCollapsed', 'groupEnd', 'count', 'countReset', 'time', 'timeLog', 'timeEnd']);

/**
 * Node's own console over the output of a task, so that every method formats as it always does, without colours. All tasks share one
 * console until they use a method with memory: making one costs more than most tasks.
 */
export class CapturedConsole {
  /** Where the call in progress writes; calls are synchronous, and nested ones put back what they found. */
  #output: TargetOutput | undefined;
  #level: LogLevel = 'info';
  readonly #shared = this.#create();

  /** Runs `console[method](...args)` so that it prints to `output`. */
  call(method: ConsoleMethod, args: readonly unknown[], output: TargetOutput): void {
    const { console } = output;
    // What these do, without the way through a console: a task may print a million lines. One with a memory may be inside a group.
    const stream = console === undefined ? PLAIN[method] : undefined;
    if (stream !== undefined) return output[stream].writeLine(formatted(args), CONSOLE_LEVELS[method]);
    if (console === undefined && WITH_MEMORY.has(method)) output.console = this.#create();
    const outer = { output: this.#output, level: this.#level };
    this.#output = output;
    this.#level = CONSOLE_LEVELS[method];
    try {
      ((output.console ?? this.#shared)[method] as (...args: readonly unknown[]) => void)(...args);
    } finally {
      this.#output = outer.output;
      this.#level = outer.level;
    }
  }

  /** `console.trace`, with a stack that begins where the caller of `above` stands. */
  trace(args: readonly unknown[], output: TargetOutput, above: (...args: never[]) => unknown): void {
    const trace: { name: string; message: string; stack?: string } = { name: 'Trace', message: format(...args) };
    Error.captureStackTrace(trace, above);
    this.call('error', [trace.stack], output);
  }

  #create(): Console {
    // The two methods of a stream that Console uses when it need not guard against errors.
    const stdout = { write: (text: string) => this.#output?.stdout.write(text, this.#level) };
    const stderr = { write: (text: string) => this.#output?.stderr.write(text, this.#level) };
    return new Console({
      stdout: stdout as unknown as NodeJS.WritableStream,
      stderr: stderr as unknown as NodeJS.WritableStream,
      ignoreErrors: false,
      colorMode: false,
    });
  }
}
