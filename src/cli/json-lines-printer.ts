import { systemClock } from '../base/clock.js';
import { Burst, type BurstSink } from '../log/burst.js';
import { uncaptured } from '../log/capture.js';
import { createJsonLog } from '../log/json-lines.js';
import type { LogLine, RunEvent } from '../model/event.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';

/** What an event that is no line of a log is as text, more or less, in characters. */
const USUAL_SIZE = 256;

/** Each event as a line of JSON, as it happens. Those of runs that the run started are told by their `run` and `flow`. */
export function jsonLinesPrinter({ terminal, flow, run: first }: RunPrinterOptions): RunPrinter {
  let run = first;
  const burst = new Burst<RunEvent>(systemClock.now);
  const sinks = new Map<string, BurstSink<RunEvent>>();
  const sinkOf = (id: string, name: string): BurstSink<RunEvent> => {
    let sink = sinks.get(id);
    if (sink === undefined) {
      const log = createJsonLog({ run: id, flow: name });
      sink = {
        write(events) {
          const text = log.text(events);
          if (text !== '') uncaptured(() => terminal.out.write(text));
        },
      };
      sinks.set(id, sink);
    }
    return sink;
  };
  const tell = (sink: BurstSink<RunEvent>, event: RunEvent): void => {
    if (event.type === 'log') burst.write(sink, event, (event.data as LogLine).text.length, event.at.getTime());
    else burst.write(sink, event, USUAL_SIZE);
  };
  return {
    event: (event) => tell(sinkOf(run, flow), event),
    childEvent: (event, child) => tell(sinkOf(child.run, child.flow), event),
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
