import { systemClock } from '../base/clock.js';
import { uncaptured } from '../log/capture.js';
import { createLines } from '../log/lines.js';
import type { RunEvent, RunStateData, TaskStateData } from '../model/event.js';
import { FINAL_RUN_STATES } from '../model/states.js';
import { childrenLines } from './children-lines.js';
import { type Colours, coloursFor } from './colours.js';
import { exitCodeOf } from './errors.js';
import { EXIT } from './exit-code.js';
import { mapPlace } from './map-progress.js';
import { pastDurations } from './past-durations.js';
import type { MakeRunPrinter, RunOutcome, RunPrinter, RunPrinterOptions } from './run-printer.js';
import { RunProgress } from './run-progress.js';
import { runSummary } from './run-summary.js';

/** A part of the screen that redraws itself, lines that scroll above it, and a summary. */
export async function loadLivePrinter(): Promise<MakeRunPrinter> {
  const { LiveView } = await import('./live-view.js');
  return (options) => {
    const { terminal, flow, slots } = options;
    let { run } = options;
    const colours = coloursFor(terminal.out, terminal.env);
    const progress = new RunProgress();
    let lines = createLines({ flow, run, colour: colours.isColorSupported });
    const linesOfChild = childrenLines({ colour: colours.isColorSupported });
    const stream = terminal.out as NodeJS.WriteStream;
    const alsoGuard = terminal.err.isTTY === true ? [terminal.err as NodeJS.WriteStream] : [];
    const view = new LiveView({ stream, alsoGuard, flow, progress, colours, clock: systemClock, slots, past: () => pastDurations(flow) });
    return {
      event(event) {
        progress.apply(event);
        for (const line of lines(event)) if (!isShownBelow(event) && !isCountedByMap(event)) view.line(line, isMinor(event));
      },
      childEvent(event, child) {
        for (const line of linesOfChild(event, child)) if (!isUnderWay(event) && !isCountedByMap(event)) view.line(line, isMinor(event));
      },
      again(next) {
        view.line(triedAgain(run, next), false);
        progress.restart();
        run = next;
        lines = createLines({ flow, run, colour: colours.isColorSupported });
      },
      note: (text) => view.note(text),
      end(outcome) {
        view.close();
        return summarise(outcome, progress, { ...options, run }, colours);
      },
    };
  };
}

/** A line for each event, and a summary: for terminals whose cursor cannot move. */
export function linesPrinter(options: RunPrinterOptions): RunPrinter {
  const { terminal, flow } = options;
  let { run } = options;
  const colours = coloursFor(terminal.out, terminal.env);
  const progress = new RunProgress();
  let lines = createLines({ flow, run, colour: colours.isColorSupported });
  const linesOfChild = childrenLines({ colour: colours.isColorSupported });
  const print = (text: string): void => {
    uncaptured(() => terminal.out.write(`${text}\n`));
  };
  return {
    event(event) {
      progress.apply(event);
      for (const line of lines(event)) print(line);
    },
    childEvent(event, child) {
      for (const line of linesOfChild(event, child)) print(line);
    },
    again(next) {
      print(triedAgain(run, next));
      progress.restart();
      run = next;
      lines = createLines({ flow, run, colour: colours.isColorSupported });
    },
    note: print,
    end: (outcome) => summarise(outcome, progress, { ...options, run }, colours),
  };
}

function triedAgain(failed: string, next: string): string {
  return `run ${failed} failed and is tried again, as run ${next}`;
}

function summarise({ state, value, error }: RunOutcome, progress: RunProgress, options: RunPrinterOptions, colours: Colours): boolean {
  const { terminal, run, flow, file } = options;
  // A run that was refused has nothing to sum up, and no record to look into.
  if (error !== undefined && exitCodeOf(error) === EXIT.usage) return false;
  uncaptured(() => terminal.out.write(`\n${runSummary(progress, { run, flow, state, result: value, now: terminal.now(), colours, file })}\n`));
  const { failures = [] } = (error ?? {}) as { failures?: readonly { readonly taskRunId?: string }[] };
  const told = new Set<string | undefined>(progress.failed.map(({ node }) => node));
  return state === 'cancelled' || (failures.length > 0 && failures.every(({ taskRunId }) => told.has(taskRunId)));
}

/** That a task starts, and how far it is, is seen in the moving part; that the run ends in the summary. */
function isShownBelow(event: RunEvent): boolean {
  if (event.type === 'run-state') return FINAL_RUN_STATES.has((event.data as RunStateData).state);
  return isUnderWay(event);
}

/** Of a task that reports a hundred thousand steps, as many lines would say no more than its bar. */
function isUnderWay(event: RunEvent): boolean {
  return event.type === 'progress' || (event.type === 'task-state' && (event.data as TaskStateData).state === 'running');
}

/** A child of a map that did not fail moves its map's bar: a thousand lines would say no more. */
function isCountedByMap(event: RunEvent): boolean {
  return isMinor(event) && event.node !== undefined && mapPlace(event.node) !== undefined;
}

function isMinor(event: RunEvent): boolean {
  if (event.type !== 'task-state') return false;
  const { state } = event.data as TaskStateData;
  return state === 'success' || state === 'cached' || state === 'skipped' || state === 'cancelled' || state === 'upstream-failed';
}
