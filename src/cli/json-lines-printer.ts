import { systemClock } from '../base/clock.js';
import { Burst } from '../log/burst.js';
import { createJsonLog, type JsonLog } from '../log/json-lines.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';

/** Each event as a line of JSON, as it happens. Those of runs that the run started are told by their `run` and `flow`. */
export function jsonLinesPrinter({ terminal, flow, run: first }: RunPrinterOptions): RunPrinter {
  let run = first;
  const burst = new Burst(systemClock.now);
  const destination = { write: (line: string) => burst.write(terminal.out, line) };
  const logs = new Map<string, JsonLog>();
  const logOf = (id: string, name: string): JsonLog => {
    const log = logs.get(id) ?? createJsonLog({ destination, run: id, flow: name });
    logs.set(id, log);
    return log;
  };
  return {
    event: (event) => logOf(run, flow).event(event),
    childEvent: (event, child) => logOf(child.run, child.flow).event(event),
    again: (next) => {
      run = next;
    },
    note: () => {},
    end() {
      burst.flush();
      return false;
    },
  };
}
