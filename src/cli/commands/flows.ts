import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { terminalText } from '../../log/terminal-text.js';
import { triggerText } from '../../model/asset.js';
import { comingInstants } from '../../runtime/served/coming-instants.js';
import { type KnownFlow, type KnownFlows, knownFlows } from '../../runtime/served/known-flows.js';
import { formatAgo } from '../amounts.js';
import { type Colours, coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT } from '../exit-code.js';
import { openServicePlace } from '../service-place.js';
import { paintState } from '../state-colour.js';
import { formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';
import { shortTime } from '../zoned-time.js';

interface FlowsOptions {
  readonly json?: true;
}

export function flowsCommand(context: CommandContext): Command {
  return new Command('flows')
    .description('list flows that services serve, or that have run: when they run next, and how they ran last')
    .option('--json', 'print JSON')
    .action(async ({ json }: FlowsOptions) => {
      const { terminal } = context;
      await using place = await openServicePlace();
      const known = await knownFlows(place.record, place.service, terminal.now());
      if (json) terminal.out.write(`${JSON.stringify(asData(known, terminal.now()), null, 2)}\n`);
      if (known.flows.length === 0) context.exit(EXIT.failed);
      if (json) return;
      if (known.flows.length === 0 && known.broken.length === 0)
        throw new MillraceError('NO_FLOWS', 'no flow is served, and none has run here', {
          hint: 'Serve a folder of flow files: millrace serve flows/',
        });
      terminal.out.write(`${asText(known, terminal)}\n`);
    });
}

/** The next of all its schedules. */
function nextOf({ served }: KnownFlow, now: number): number | undefined {
  const coming = (served?.schedules ?? []).flatMap((schedule) => comingInstants(schedule, now, 1));
  return coming.length === 0 ? undefined : Math.min(...coming);
}

function asData({ flows, broken, services }: KnownFlows, now: number): object {
  const time = (at: number | undefined): string | undefined => (at === undefined ? undefined : new Date(at).toISOString());
  return {
    services,
    flows: flows.map((flow) => {
      const { name, served, file, error, latest, paused } = flow;
      return {
        flow: name,
        state: paused ? 'paused' : 'active',
        ...(paused ? { pausedAt: time(paused.at), pausedWhy: paused.why } : {}),
        served: served !== undefined,
        schedules: (served?.schedules ?? []).map(({ text }) => text),
        on: served?.on ?? [],
        next: time(nextOf(flow, now)),
        last: latest && { run: latest.id, state: latest.state, startedAt: time(latest.startedAt ?? latest.createdAt) },
        file,
        error,
      };
    }),
    broken,
  };
}

function asText(known: KnownFlows, { out, env, now }: Terminal): string {
  const colours = coloursFor(out, env);
  const titles = ['flow', 'state', 'schedule', 'next', 'last run', '', 'file'].map((title) => ({ title }));
  const rows = known.flows.map((flow) => rowOf(flow, now(), colours));
  const table = formatTable(titles, rows, { width: widthOf(out), paintTitle: colours.dim });
  const broken = known.broken.map(
    ({ path, error }) => `${colours.red('broken')}  ${terminalText(path)}: ${terminalText(error.split('\n')[0] ?? '')}`,
  );
  const unserved = known.services === 0 ? [colours.dim('no service is running: nothing starts by itself (millrace serve)')] : [];
  return [table, ...broken, ...unserved].join('\n');
}

function rowOf(flow: KnownFlow, now: number, colours: Colours): readonly string[] {
  const { name, served, file, error, latest, paused } = flow;
  const next = nextOf(flow, now);
  return [
    terminalText(name),
    paused ? colours.yellow('paused') : served ? 'active' : colours.dim('not served'),
    [...(served?.schedules ?? []).map(({ text }) => text), ...(served?.on ?? []).map((one) => `on ${triggerText(one)}`)].map(terminalText).join('; '),
    next === undefined ? '' : paused ? colours.dim(shortTime(next)) : shortTime(next),
    latest === undefined ? '' : formatAgo(latest.startedAt ?? latest.createdAt, now),
    latest === undefined ? '' : paintState(latest.state, colours),
    `${terminalText(file ?? '')}${error === undefined ? '' : colours.red(' (broken since)')}`,
  ];
}
