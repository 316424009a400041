import type { FlowInside } from '../flow/flow.js';
import { DEFAULT_CONCURRENCY, type RunHandle } from '../flow/flow-runtime.js';
import type { StartOptions } from '../runtime/start-run.js';
import { exitCodeOf } from './errors.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { loadRunPrinter } from './load-run-printer.js';
import { withOwnOutput } from './own-output.js';
import { type RunCommandOptions, startOptions } from './run-options.js';
import type { MakeRunPrinter, RunOutcome } from './run-printer.js';
import { RunTeller } from './run-teller.js';
import { listenForSignals } from './signals.js';
import type { Terminal } from './terminal.js';

/** The printer comes while the flow's file is loaded: both are mostly waiting for files. */
export type ShowRun = (own: Terminal, printer: Promise<MakeRunPrinter>) => Promise<ExitCode>;

/** Runs what prints a run, with nothing else on its output where a program reads it. */
export async function withRunOutput(options: RunCommandOptions, terminal: Terminal, show: ShowRun): Promise<ExitCode> {
  // A program reads what is printed: nothing but JSON may be in it.
  const isForPrograms = options.json === true || (terminal.out.isTTY !== true && options.quiet !== true);
  const start = async (own: Terminal): Promise<ExitCode> =>
    await show(own, loadRunPrinter(own, { quiet: options.quiet === true, json: options.json === true }));
  return isForPrograms ? await withOwnOutput(terminal, start) : await start(terminal);
}

export interface FollowedRun {
  readonly name: string;
  /** The flow's file, as it was given. */
  readonly file: string;
  readonly inside: FlowInside;
  readonly options: RunCommandOptions;
  readonly terminal: Terminal;
  readonly makePrinter: MakeRunPrinter;
}

/** A run that was started, and what is to be said of it beside its name. */
export interface StartedRun {
  readonly handle: RunHandle<unknown>;
  readonly note?: string;
  /** The run that it resumes. */
  readonly resumes?: string;
}

/**
 * Starts a run, shows it as it goes, and says how it ended.
 * @param start undefined: there was none to start, which has been said
 */
export async function followRun(
  { name, file, inside, options, terminal, makePrinter }: FollowedRun,
  start: (options: StartOptions) => StartedRun | undefined | Promise<StartedRun | undefined>,
): Promise<ExitCode> {
  const signals = listenForSignals();
  try {
    const teller = new RunTeller(signals.signal);
    const coming = start(startOptions(options, teller));
    // Not a turn of the loop goes by between the start of a run and the first look at it.
    const started = coming instanceof Promise ? await coming : coming;
    if (started === undefined) return EXIT.success;
    const { handle, note, resumes } = started;
    const slots = options.maxWorkers ?? inside.definition.concurrency ?? DEFAULT_CONCURRENCY;
    const { only } = options;
    const told = { ...(resumes === undefined ? {} : { resumes }), ...(only === undefined ? {} : { only }) };
    const printer = makePrinter({ terminal, flow: name, file, run: handle.id, slots, ...told });
    teller.attach(printer);
    if (note !== undefined) printer.note(note);
    signals.onFirst(() => printer.note('cancelling; Ctrl+C again exits at once'));
    const outcome = await settle(handle);
    await teller.childrenEnded();
    const isExplained = teller.end(outcome);
    return outcome.state === 'success' ? EXIT.success : await failureCode(outcome, isExplained, options, terminal);
  } finally {
    signals.close();
  }
}

async function settle(handle: RunHandle<unknown>): Promise<RunOutcome> {
  try {
    const value = await handle.result();
    return { state: 'success', value, error: undefined };
  } catch (error) {
    return { state: handle.state, value: undefined, error };
  }
}

/** Says why the run failed, unless that was said, and gives the exit code. */
async function failureCode({ state, error }: RunOutcome, isExplained: boolean, options: RunCommandOptions, terminal: Terminal): Promise<ExitCode> {
  const isCancelled = state === 'cancelled';
  if (!isExplained && !(isCancelled && options.quiet)) {
    const { tellError } = await import('./tell-error.js');
    tellError(error, terminal, options.debug === true);
  }
  return isCancelled ? EXIT.cancelled : exitCodeOf(error);
}
