import { formatMs } from '../log/format-ms.js';
import { terminalText } from '../log/terminal-text.js';
import { nextInstants } from '../runtime/served/coming-instants.js';
import type { ServableFlow } from '../service/servable-flow.js';
import type { ServiceEvent } from '../service/service-event.js';
import { shownPlace } from '../serving/shown-place.js';
import { type Colours, coloursFor } from './colours.js';
import type { ServicePrinter, ServicePrinterOptions } from './service-printer.js';

const SHOWN_INSTANTS = 5;

/** Lines to read. */
export function serviceLines({ terminal, folder, quiet }: ServicePrinterOptions): ServicePrinter {
  const colours = coloursFor(terminal.out, terminal.env);
  const print = (text: string): void => {
    const time = colours.dim(clockTime(terminal.now()));
    terminal.out.write(`${time}  ${text.split('\n').join('\n          ')}\n`);
  };
  return {
    tell: (event) => {
      const line = lineOf(safe(event), colours);
      if (line !== undefined && (!quiet || line.isFailure)) print(line.text);
    },
    listening(server) {
      if (!quiet) print(shownPlace(server));
    },
    begin(flows, now, loading) {
      if (quiet) return;
      const more = loading === 0 ? '' : `, and is still loading ${loading === 1 ? 'a file' : `${loading} files`}`;
      print(`serving ${colours.bold(String(flows.length))} ${flows.length === 1 ? 'flow' : 'flows'} of ${folder}${more}; Ctrl+C ends it`);
      for (const { flow, at, schedule } of nextInstants(dataOf(flows), now, SHOWN_INSTANTS))
        print(`  ${colours.cyan(flow)} at ${dateTime(at, now)} ${colours.dim(`in ${formatMs(at - now)} (${schedule})`)}`);
    },
  };
}

function dataOf(flows: readonly ServableFlow[]): readonly ServableFlow['data'][] {
  return flows.map(({ data }) => data);
}

/** What users wrote cannot command the terminal, but keeps its lines. */
function safe<T>(value: T): T {
  if (typeof value === 'string') return value.split('\n').map(terminalText).join('\n') as T;
  if (Array.isArray(value)) return value.map(safe) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, safe(inner)])) as T;
}

interface Line {
  readonly text: string;
  readonly isFailure?: boolean;
}

function lineOf(event: ServiceEvent, { bold, cyan, dim, green, red, yellow }: Colours): Line | undefined {
  switch (event.type) {
    case 'file-loaded':
      return { text: `loaded ${event.file}: ${event.flows.map((flow) => cyan(flow)).join(', ')}` };
    case 'file-broken':
      return { text: `${red('broken')} ${bold(event.file)}: ${event.error}`, isFailure: true };
    case 'file-removed':
      return { text: `removed ${event.file}: ${event.flows.join(', ')} ${event.flows.length === 1 ? 'is' : 'are'} served no more` };
    case 'run-starting':
      return { text: `${cyan(event.due.flow)} starts as ${event.due.run} ${dim(causeOf(event.due))}` };
    case 'run-late':
      return { text: `${yellow('late')} ${cyan(event.due.flow)} starts ${formatMs(event.lateMs)} after it was due`, isFailure: true };
    case 'run-ended': {
      const isGood = event.state === 'success';
      const took = event.tookMs === undefined ? '' : dim(` in ${formatMs(event.tookMs)}`);
      const why = isGood || event.error === undefined ? '' : `: ${event.error}`;
      const at = event.lastTry === undefined ? '' : dim(`, the last try was ${event.lastTry}`);
      return { text: `${cyan(event.due.flow)} ${(isGood ? green : red)(event.state)} ${event.due.run}${took}${at}${why}`, isFailure: !isGood };
    }
    case 'run-skipped':
      return { text: `${cyan(event.due.flow)} ${yellow('skipped')} ${dim(causeOf(event.due))}: ${event.why}` };
    case 'run-refused':
      return { text: `${cyan(event.due.flow)} ${red('refused')} ${event.due.run}: ${event.why}`, isFailure: true };
    case 'run-not-started':
      return { text: `${cyan(event.due.flow)} ${red('did not start')}, and is tried again: ${event.why}`, isFailure: true };
    case 'run-asked-to-cancel':
      return { text: `run ${event.run} is cancelled: a later one is due` };
    case 'trouble':
      return { text: `${red('trouble')} with ${event.step}: ${event.error}; it is tried again`, isFailure: true };
    case 'trouble-over':
      return { text: `${green('no more trouble')} with ${event.step}` };
    case 'not-told':
      return { text: `${yellow('not told')} ${event.place} was not told of ${event.occasion}: ${event.error}`, isFailure: true };
    case 'draining':
      return { text: `ending: waiting for ${runs(event.running)}; Ctrl+C again leaves ${event.running === 1 ? 'it' : 'them'} alone` };
    case 'cancelling':
      return { text: `cancelling ${runs(event.running)}` };
    case 'stopped':
      return event.running === 0 ? { text: 'ended' } : { text: `${red('ended')}, with ${runs(event.running)} still going on`, isFailure: true };
  }
}

function runs(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

function causeOf({
  cause,
  schedule,
  scheduled,
}: {
  readonly cause: string;
  readonly schedule?: string;
  readonly scheduled?: { readonly at: number };
}): string {
  const time = scheduled === undefined ? '' : ` for ${new Date(scheduled.at).toISOString()}`;
  return `(${schedule ?? cause}${time})`;
}

function clockTime(time: number): string {
  return new Date(time).toTimeString().slice(0, 8);
}

/** Local, and without the day where that is today's. */
function dateTime(time: number, now: number): string {
  const [date, today] = [new Date(time), new Date(now)];
  const day = date.toDateString() === today.toDateString() ? '' : `${date.toLocaleDateString('sv')} `;
  return `${day}${clockTime(time)}`;
}
