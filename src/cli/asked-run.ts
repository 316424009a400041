import { systemClock } from '../base/clock.js';
import { MillraceError } from '../base/error.js';
import { createLines } from '../log/lines.js';
import type { RunEvent } from '../model/event.js';
import type { LogRow } from '../model/records.js';
import type { RunState } from '../model/states.js';
import { coloursFor } from './colours.js';
import { EXIT, type ExitCode } from './exit-code.js';
import { followLog } from './follow-log.js';
import type { ServicePlace } from './service-place.js';
import { listenForSignals } from './signals.js';
import type { Terminal } from './terminal.js';

const LOOK_MS = 200;
/** The next try begins at once where it begins at all: its process may have gone. */
const NEXT_TRY_MS = 10_000;

/** A run that was asked for, and that a service is to start. */
export interface AskedRun {
  readonly flow: string;
  readonly run: string;
  /** How often the flow is tried again should it fail, as far as that is known. */
  readonly retries: number;
}

/** What became of it: of its last try. */
export interface AskedEnd {
  /** Undefined: nobody waited for it any more. */
  readonly state: RunState | undefined;
  /** The last try, where there were several. */
  readonly lastTry?: string;
  readonly code: ExitCode;
}

/**
 * Waits until a service has started it, shows its log as it comes, and those of further tries, and says how it ended. Ctrl-C stops waiting, not the run.
 * @param quiet shows nothing
 * @throws MillraceError `RUN_REFUSED` when it will never start
 */
export async function awaitRun(place: ServicePlace, asked: AskedRun, terminal: Terminal, quiet: boolean): Promise<AskedEnd> {
  const signals = listenForSignals();
  const { signal } = signals;
  try {
    if (!(await hasBegun(place, asked, signal))) return { state: undefined, code: EXIT.cancelled };
    let { run } = asked;
    for (let left = asked.retries; ; left--) {
      const state = await followTry(place.record, { ...asked, run }, { terminal, quiet, signal });
      const next = left > 0 && (state === 'failed' || state === 'timed-out') ? await nextTry(place, run, signal) : undefined;
      if (next === undefined) return { state, code: codeOf(state), ...(run === asked.run ? {} : { lastTry: run }) };
      if (!quiet) terminal.err.write(`run ${run} has ended: ${state}; it is tried again as ${next}\n`);
      run = next;
    }
  } finally {
    signals.close();
  }
}

/** What is told of it at last, on stderr. */
export function tellAskedEnd({ run }: AskedRun, { state, lastTry }: AskedEnd, { err }: Terminal): void {
  err.write(state === undefined ? `${lastTry ?? run} goes on without us\n` : `run ${lastTry ?? run} has ended: ${state}\n`);
}

/** @returns false when nobody waits any more */
async function hasBegun({ record, service }: ServicePlace, { flow, run }: AskedRun, signal: AbortSignal): Promise<boolean> {
  while ((await record.run(run)) === undefined) {
    const [due] = await service.due({ run });
    if (due?.state === 'refused' || due?.state === 'skipped')
      throw new MillraceError('RUN_REFUSED', `the run of flow '${flow}' was ${due.state}: ${due.why ?? 'its service does not say why'}`);
    if (signal.aborted) return false;
    await pause();
  }
  return true;
}

async function followTry(
  record: ServicePlace['record'],
  { flow, run }: AskedRun,
  { terminal, quiet, signal }: { readonly terminal: Terminal; readonly quiet: boolean; readonly signal: AbortSignal },
): Promise<RunState | undefined> {
  const lines = createLines({ flow, run, colour: coloursFor(terminal.out, terminal.env).isColorSupported, level: 'debug' });
  const show = (rows: readonly LogRow[]): void => {
    if (quiet) return;
    for (const row of rows) {
      const event: RunEvent = { at: new Date(row.at), type: 'log', data: row, ...(row.node === undefined ? {} : { node: row.node }) };
      terminal.out.write(`${lines(event).join('\n')}\n`);
    }
  };
  return await followLog({ record, run, filter: {}, show, signal });
}

async function nextTry({ service }: ServicePlace, run: string, signal: AbortSignal): Promise<string | undefined> {
  for (const until = systemClock.now() + NEXT_TRY_MS; systemClock.now() < until && !signal.aborted; await pause()) {
    const next = await service.nextTry(run);
    if (next !== undefined) return next;
  }
  return undefined;
}

function pause(): Promise<void> {
  return new Promise((resolve) => void systemClock.schedule(LOOK_MS, resolve));
}

function codeOf(state: RunState | undefined): ExitCode {
  if (state === undefined || state === 'cancelled') return EXIT.cancelled;
  return state === 'success' ? EXIT.success : EXIT.failed;
}
