import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { formatMs } from '../../log/format-ms.js';
import { terminalText } from '../../log/terminal-text.js';
import { findKnownFlow, knownFlows } from '../../runtime/served/known-flows.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { parseMoment } from '../moment.js';
import { withOwnOutput } from '../own-output.js';
import { factsOfFlow, factsOfServed, isFlowPath, type ScheduleFacts } from '../schedule-facts.js';
import { openServicePlace } from '../service-place.js';
import { formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';
import { wholeNumber } from '../whole-number.js';
import { localZone, shortTime, zonedTime } from '../zoned-time.js';

interface NextOptions {
  readonly count: number;
  readonly from?: number;
  readonly json?: true;
}

/** An instant that is to come. */
interface Coming {
  readonly at: number;
  readonly of: ScheduleFacts;
}

export function nextCommand(context: CommandContext): Command {
  const { terminal } = context;
  return new Command('next')
    .description('say when flows run next')
    .argument('[file-or-flow]', 'a flow file, which needs no service; or the name of a flow that is served; without it, all that are served')
    .argument('[flow]', 'of a file with several flows, which; without it, all')
    .option('-n, --count <n>', 'so many instants', wholeNumber(1), 10)
    .option('--from <time>', 'after this time: 2026-12-24, 2026-12-24T09:30; without it, now', (text) => parseMoment(text, terminal.now()))
    .option('--json', 'print JSON')
    .action(async (word: string | undefined, flow: string | undefined, options: NextOptions) => {
      await withOwnOutput(terminal, async (own) => {
        const found = word !== undefined && isFlowPath(word) ? await ofFile(word, flow, own) : await ofServed(word, own);
        const { schedules, paused } = found;
        const from = options.from ?? own.now();
        const coming = schedules
          .flatMap((of) => of.coming(from, options.count).map((at): Coming => ({ at, of })))
          .sort((one, other) => one.at - other.at)
          .slice(0, options.count);
        if (options.json) own.out.write(`${JSON.stringify(coming.map(asData), null, 2)}\n`);
        if (coming.length === 0) {
          context.exit(EXIT.failed);
          if (!options.json) throw nothingComes(found, word);
        } else if (!options.json) own.out.write(`${asText(coming, paused, own)}\n`);
      });
    });
}

interface FoundSchedules {
  readonly schedules: readonly ScheduleFacts[];
  /** Names of flows that start nothing by themselves at the moment. */
  readonly paused: ReadonlySet<string>;
  /** Whether anybody could know of schedules. */
  readonly isKnown: boolean;
}

async function ofFile(file: string, name: string | undefined, { cwd }: Terminal): Promise<FoundSchedules> {
  const { loadFlowFile } = await import('../load-flow-file.js');
  const loaded = await loadFlowFile(file, cwd);
  const flows = name === undefined && loaded.flows.length > 0 ? loaded.flows : [await loaded.choose(name)];
  return { schedules: flows.flatMap(({ inside }) => factsOfFlow(inside.definition)), paused: new Set(), isKnown: true };
}

async function ofServed(name: string | undefined, { now }: Terminal): Promise<FoundSchedules> {
  await using place = await openServicePlace();
  const known = await knownFlows(place.record, place.service, now());
  const flows = name === undefined ? known.flows : [findKnownFlow(known, name)];
  const [only] = flows;
  if (name !== undefined && only?.served === undefined)
    throw new MillraceError('FLOW_NOT_SERVED', `no service serves flow '${name}', so that nobody knows when it is due`, {
      hint: 'Name its file instead: millrace next <file>',
    });
  return {
    schedules: flows.flatMap((flow) => (flow.served?.schedules ?? []).map((schedule) => factsOfServed(flow.name, schedule))),
    paused: new Set(flows.flatMap((flow) => (flow.paused ? [flow.name] : []))),
    isKnown: known.services > 0,
  };
}

function nothingComes({ schedules, isKnown }: FoundSchedules, word: string | undefined): MillraceError {
  if (schedules.length > 0) return new MillraceError('NOTHING_DUE', 'no schedule has an instant after that time');
  if (!isKnown)
    return new MillraceError('NOTHING_DUE', 'no service is running: nothing starts by itself', {
      hint: 'Start one with: millrace serve <folder>; or ask a file, which needs none: millrace next <file>',
    });
  return new MillraceError('NOTHING_DUE', `nothing ${word === undefined ? 'that is served' : `in '${word}'`} has a schedule`, {
    hint: "Give a flow one: flow('…', { schedule: every('1d') }, …).",
  });
}

function asData({ at, of }: Coming): object {
  return { flow: of.flow, schedule: of.text, at: new Date(at).toISOString(), local: zonedTime(at, of.zone ?? localZone()) };
}

function asText(coming: readonly Coming[], paused: ReadonlySet<string>, { out, env, now }: Terminal): string {
  const colours = coloursFor(out, env);
  const here = localZone();
  const hasOtherZone = coming.some(({ of }) => of.zone !== undefined && of.zone !== here);
  const titles = [`${here}`, 'in', ...(hasOtherZone ? ['by its own clock'] : []), 'flow', 'schedule'].map((title) => ({ title }));
  const rows = coming.map(({ at, of }) => [
    shortTime(at),
    at <= now() ? '' : formatMs(at - now()),
    ...(hasOtherZone ? [of.zone === undefined || of.zone === here ? '' : zonedTime(at, of.zone)] : []),
    `${terminalText(of.flow)}${paused.has(of.flow) ? colours.yellow(' (paused)') : ''}`,
    terminalText(of.text),
  ]);
  return formatTable(titles, rows, { width: widthOf(out), paintTitle: colours.dim });
}
