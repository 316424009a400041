import type { FlowInside } from '../../flow/flow.js';
import type { ParameterSources } from '../../flow/parameters.js';
import type { DueRun } from '../../model/due-run.js';
import type { BackfillState } from '../../runs/service/backfills.js';
import type { BackfillStart } from '../../runtime/backfill/backfill-flow.js';
import type { BackfillWatch } from '../../runtime/backfill/runner.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withOwnOutput } from '../own-output.js';
import { listenForSignals } from '../signals.js';
import type { Terminal } from '../terminal.js';
import type { BackfilledRun, BackfillPrinter } from './backfill-printer.js';
import { loadBackfillPrinter } from './load-backfill-printer.js';

/** What a program reads has nothing in it but what the command prints. */
export async function withBackfillOutput(terminal: Terminal, json: boolean, work: (terminal: Terminal) => Promise<ExitCode>): Promise<ExitCode> {
  return json || terminal.out.isTTY !== true ? await withOwnOutput(terminal, work) : await work(terminal);
}

export interface BackfillPlace {
  readonly inside: FlowInside;
  readonly sources: ParameterSources;
  readonly terminal: Terminal;
  readonly json: boolean;
}

/** Runs it here, and shows it as it goes. */
export async function runBackfill({ inside, sources, terminal, json }: BackfillPlace, options: BackfillStart): Promise<ExitCode> {
  const printer = await loadBackfillPrinter(terminal, json);
  const signals = listenForSignals();
  signals.onFirst(() => printer.note('ending what runs; Ctrl+C again exits at once'));
  let [isOk, state] = [true, undefined as BackfillState | undefined];
  try {
    const printing = printerWatch(printer, terminal);
    const watch: BackfillWatch = {
      ...printing,
      ended(due, run, error) {
        if (run.state !== 'success') isOk = false;
        printing.ended?.(due, run, error);
      },
      over: (ended) => {
        state = ended;
      },
    };
    const start = { echo: false };
    for await (const _ of inside.backfill(sources, { ...options, signal: signals.signal, watch, start } as BackfillStart));
  } finally {
    printer.end(state);
    signals.close();
  }
  return signals.signal.aborted ? EXIT.cancelled : isOk ? EXIT.success : EXIT.failed;
}

function printerWatch(printer: BackfillPrinter, { now }: Terminal): BackfillWatch {
  const startedAt = new Map<string, number>();
  const about = ({ run, scheduled, resumes }: DueRun): BackfilledRun => {
    const began = startedAt.get(run) ?? now();
    startedAt.set(run, began);
    return { run, at: scheduled?.at ?? began, startedAt: began, ...(resumes === undefined ? {} : { resumes }) };
  };
  return {
    stored: (backfill, isOld) => printer.stored(backfill, isOld),
    counts: (counts) => printer.counts(counts),
    started: (due) => printer.started(about(due)),
    ended(due, { state }, error) {
      const run = about(due);
      printer.ended({ ...run, state, ms: now() - run.startedAt, error });
    },
  };
}
