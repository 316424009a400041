import { systemClock } from '../base/clock.js';
import { Burst } from '../log/burst.js';
import { type JsonLog, loadJsonLog } from '../log/json-lines.js';
import type { MakeRunPrinter } from './run-printer.js';

/** Each event as a line of JSON, as it happens. Those of runs that the run started are told by their `run` and `flow`. */
export async function loadJsonLinesPrinter(): Promise<MakeRunPrinter> {
  const makeLog = await loadJsonLog();
  return ({ terminal, flow, run }) => {
    const burst = new Burst(systemClock.now);
    const destination = { write: (line: string) => burst.write(terminal.out, line) };
    const logs = new Map<string, JsonLog>();
    const logOf = (id: string, name: string): JsonLog => {
      const log = logs.get(id) ?? makeLog({ destination, run: id, flow: name });
      logs.set(id, log);
      return log;
    };
    return {
      event: (event) => logOf(run, flow).event(event),
      childEvent: (event, child) => logOf(child.run, child.flow).event(event),
      note: () => {},
      end() {
        for (const log of logs.values()) log.close();
        burst.flush();
        return false;
      },
    };
  };
}
