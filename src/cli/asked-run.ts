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

/** A run that was asked for, and that a service is to start. */
export interface AskedRun {
  readonly flow: string;
  readonly run: string;
}

/**
 * Waits until a service has started it, shows its log as it comes, and says how it ended. Ctrl-C stops waiting, not the run.
 * @param quiet shows nothing
 * @throws MillraceError `RUN_REFUSED` when it will never start
 */
export async function awaitRun(
  { record, service }: ServicePlace,
  { flow, run }: AskedRun,
  terminal: Terminal,
  quiet: boolean,
): Promise<{ readonly state: RunState | undefined; readonly code: ExitCode }> {
  const signals = listenForSignals();
  try {
    while ((await record.run(run)) === undefined) {
      const [due] = await service.due({ run });
      if (due?.state === 'refused' || due?.state === 'skipped')
        throw new MillraceError('RUN_REFUSED', `the run of flow '${flow}' was ${due.state}: ${due.why ?? 'its service does not say why'}`);
      if (signals.signal.aborted) return { state: undefined, code: EXIT.cancelled };
      await new Promise<void>((resolve) => systemClock.schedule(LOOK_MS, resolve));
    }
    const lines = createLines({ flow, run, colour: coloursFor(terminal.out, terminal.env).isColorSupported, level: 'debug' });
    const show = (rows: readonly LogRow[]): void => {
      if (quiet) return;
      for (const row of rows) {
        const event: RunEvent = { at: new Date(row.at), type: 'log', data: row, ...(row.node === undefined ? {} : { node: row.node }) };
        terminal.out.write(`${lines(event).join('\n')}\n`);
      }
    };
    const state = await followLog({ record, run, filter: {}, show, signal: signals.signal });
    return { state, code: codeOf(state) };
  } finally {
    signals.close();
  }
}

function codeOf(state: RunState | undefined): ExitCode {
  if (state === undefined || state === 'cancelled') return EXIT.cancelled;
  return state === 'success' ? EXIT.success : EXIT.failed;
}
