import { pino } from 'pino';
import { nextInstants } from '../runtime/served/coming-instants.js';
import type { ServiceEvent } from '../service/service-event.js';
import type { ServicePrinter, ServicePrinterOptions } from './service-printer.js';

/** Instants that are told at the start. */
const TOLD_INSTANTS = 10;

/**
 * What a service tells, in lines of JSON: `level`, `time`, `type`, and what the type has. Each is handed over before anything else happens, so that the last
 * words of a service are read, too.
 */
export function serviceJsonLines({ terminal, folder }: Pick<ServicePrinterOptions, 'terminal' | 'folder'>): ServicePrinter {
  const lines = pino(
    {
      base: null,
      timestamp: () => `,"time":"${new Date(terminal.now()).toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    { write: (line: string) => void terminal.out.write(line) },
  );
  return {
    tell: (event) => lines[levelOf(event)](asJson(event)),
    // Lines are kept and sent elsewhere: the token is in the file, for those who may read that.
    listening: ({ url, port, tokenFile }) => lines.info({ type: 'listening', url, port, tokenFile }),
    begin(flows, now, loading) {
      const data = flows.map((flow) => flow.data);
      const next = nextInstants(data, now, TOLD_INSTANTS).map(({ flow, at }) => ({ flow, at: new Date(at).toISOString() }));
      lines.info({ type: 'serving', folder, flows: data.map(({ name }) => name), ...(loading === 0 ? {} : { loading }), next });
    },
  };
}

/** How grave it is: what people are to look at is an error, what mends itself a warning. */
function levelOf(event: ServiceEvent): 'info' | 'warn' | 'error' {
  switch (event.type) {
    case 'file-broken':
    case 'run-refused':
      return 'error';
    case 'run-ended':
      return event.state === 'success' ? 'info' : 'error';
    case 'trouble':
    case 'run-late':
    case 'run-not-started':
    case 'not-told':
    case 'cancelling':
      return 'warn';
    default:
      return 'info';
  }
}

/** Of a due run what tells it from others. */
function asJson(event: ServiceEvent): object {
  if (!('due' in event)) return event;
  const { due, ...rest } = event;
  const { flow, run, cause, scheduled } = due;
  const lengths = Object.entries(rest).map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 1_000) / 1_000 : value]);
  return {
    ...Object.fromEntries(lengths),
    flow,
    run,
    cause,
    ...(scheduled === undefined ? {} : { scheduledTime: new Date(scheduled.at).toISOString() }),
  };
}
