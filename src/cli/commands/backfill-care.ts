import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { nearest } from '../../base/nearest.js';
import { terminalText } from '../../log/terminal-text.js';
import type { BackfillCounts } from '../../runs/service/backfill-rows.js';
import type { Backfill, BackfillState } from '../../runs/service/backfills.js';
import type { ServiceRecord } from '../../runs/service/service-record.js';
import type { BackfillStart } from '../../runtime/backfill/backfill-flow.js';
import { formatAgo } from '../amounts.js';
import { backfillFields } from '../backfill/backfill-json.js';
import { countsText } from '../backfill/backfill-lines.js';
import { runBackfill, withBackfillOutput } from '../backfill/run-backfill.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { FLOW_FILE, openFlow } from '../flow-command.js';
import { openServicePlace } from '../service-place.js';
import { formatPairs, formatTable } from '../table.js';
import { type Terminal, widthOf } from '../terminal.js';
import { shortTime } from '../zoned-time.js';

interface CareOptions {
  readonly json?: true;
}

/** What can be done about backfills that are in the record. */
export function addBackfillCommands(command: Command, context: CommandContext): Command {
  const id = 'as millrace backfill list names it';
  const json = 'print JSON';
  return command
    .addCommand(
      new Command('list')
        .description('list backfills, newest first')
        .argument('[flow]', 'only of this flow')
        .option('--json', json)
        .action(async (flow: string | undefined, _: unknown, own: Command) => await list(flow, own.optsWithGlobals(), context)),
    )
    .addCommand(
      new Command('show')
        .description('show a backfill: its range and how far it has come')
        .argument('<id>', id)
        .option('--json', json)
        .action(async (name: string, _: unknown, own: Command) => await show(name, own.optsWithGlobals(), context.terminal)),
    )
    .addCommand(
      new Command('pause')
        .description('start none of its runs any more; what runs goes on')
        .argument('<id>', id)
        .option('--json', json)
        .action(async (name: string, _: unknown, own: Command) => await move(name, 'paused', own.optsWithGlobals(), context.terminal)),
    )
    .addCommand(
      new Command('resume')
        .description('go on with a backfill that was paused or killed: what crashed or was cancelled is resumed, what is missing is run')
        .argument('<id>', id)
        .argument('[file]', `${FLOW_FILE}; without it, the file it was started from`)
        .option('--failed', 'also what failed')
        .option('--json', 'print one JSON document when it has ended')
        .action(async (name: string, file: string | undefined, _: unknown, own: Command) => {
          context.exit(await resume(name, file, own.optsWithGlobals(), context.terminal));
        }),
    )
    .addCommand(
      new Command('cancel')
        .description('end a backfill for good; what runs goes on')
        .argument('<id>', id)
        .option('--json', json)
        .action(async (name: string, _: unknown, own: Command) => await move(name, 'cancelled', own.optsWithGlobals(), context.terminal)),
    );
}

async function list(flow: string | undefined, { json }: CareOptions, { terminal, exit }: CommandContext): Promise<void> {
  await using place = await openServicePlace();
  const found = await place.service.backfills(flow === undefined ? {} : { flow });
  const rows = await Promise.all(found.map(async (backfill) => ({ backfill, counts: await place.service.backfillCounts(backfill.id) })));
  if (json)
    terminal.out.write(
      `${JSON.stringify(
        rows.map(({ backfill, counts }) => ({ ...backfillFields(backfill), counts })),
        null,
        2,
      )}\n`,
    );
  if (rows.length === 0) {
    exit(EXIT.failed);
    if (!json) throw await noBackfills(place.service, flow);
    return;
  }
  if (json) return;
  const colours = coloursFor(terminal.out, terminal.env);
  const titles = ['backfill', 'flow', 'state', 'from', 'to', 'runs', 'asked for'].map((title) => ({ title }));
  const cells = rows.map(({ backfill: { id, flow: name, state, from, to, createdAt }, counts }) => [
    id,
    terminalText(name),
    state,
    shortTime(from),
    shortTime(to),
    countsText(counts, colours),
    formatAgo(createdAt, terminal.now()),
  ]);
  terminal.out.write(`${formatTable(titles, cells, { width: widthOf(terminal.out), paintTitle: colours.dim })}\n`);
}

async function noBackfills(service: ServiceRecord, flow: string | undefined): Promise<MillraceError> {
  const flows = [...new Set((await service.backfills()).map((one) => one.flow))];
  const meant = flow === undefined ? undefined : nearest(flow, flows);
  const hint = meant !== undefined ? `Did you mean ${meant}?` : 'Start one with: millrace backfill <file> --from <time>';
  return new MillraceError('NO_BACKFILLS', flow === undefined ? 'there are no backfills' : `flow '${flow}' has no backfills`, { hint });
}

/** @throws MillraceError `BACKFILL_UNKNOWN` */
async function findBackfill(service: ServiceRecord, id: string): Promise<Backfill> {
  const [found] = await service.backfills({ id });
  if (found !== undefined) return found;
  const ids = (await service.backfills()).map((one) => one.id);
  const meant = nearest(id, ids);
  const known = ids.length === 0 ? 'There are none yet.' : `The newest is ${ids[0]}; millrace backfill list shows them all.`;
  throw new MillraceError('BACKFILL_UNKNOWN', `there is no backfill '${id}'`, { hint: meant === undefined ? known : `Did you mean ${meant}?` });
}

async function show(id: string, { json }: CareOptions, { out, env, now }: Terminal): Promise<void> {
  await using place = await openServicePlace();
  const backfill = await findBackfill(place.service, id);
  const counts = await place.service.backfillCounts(id);
  const colours = coloursFor(out, env);
  out.write(`${json ? JSON.stringify({ ...backfillFields(backfill), counts }, null, 2) : pageOf(backfill, counts, colours, now())}\n`);
}

function pageOf(backfill: Backfill, counts: BackfillCounts, colours: ReturnType<typeof coloursFor>, now: number): string {
  const { id, flow, state, schedule, from, to, params, reprocess, direction, maxActive, file, createdAt, filledAt, finishedAt } = backfill;
  return formatPairs(
    [
      ['backfill', colours.bold(id)],
      ['flow', terminalText(flow)],
      ['file', file === undefined ? undefined : terminalText(file)],
      ['state', state],
      ['schedule', terminalText(schedule)],
      ['range', `${shortTime(from)} to ${shortTime(to)}, ${direction}`],
      ['reprocess', reprocess],
      ['max active', String(maxActive)],
      [
        'parameters',
        Object.entries(params)
          .map(([name, text]) => `${terminalText(name)} ${colours.dim('=')} ${terminalText(text)}`)
          .join('\n'),
      ],
      ['runs', `${countsText(counts, colours)}${filledAt === undefined ? colours.dim(' (more are to be added)') : ''}`],
      ['asked for', `${shortTime(createdAt)} ${colours.dim(`(${formatAgo(createdAt, now)})`)}`],
      ['ended', finishedAt === undefined ? undefined : `${shortTime(finishedAt)} ${colours.dim(`(${formatAgo(finishedAt, now)})`)}`],
    ],
    colours.dim,
  );
}

async function move(id: string, state: BackfillState & ('paused' | 'cancelled'), { json }: CareOptions, { out, now }: Terminal): Promise<void> {
  await using place = await openServicePlace();
  const before = await findBackfill(place.service, id);
  const moved = await place.service.moveBackfill(id, state, now());
  const after = await findBackfill(place.service, id);
  if (!moved && before.state !== state)
    throw new MillraceError('BACKFILL_ENDED', `backfill ${id} is ${before.state}: there is nothing to ${state === 'paused' ? 'pause' : 'cancel'}`);
  out.write(
    json ? `${JSON.stringify({ ...backfillFields(after), changed: moved }, null, 2)}\n` : `${id} is ${moved ? '' : 'already '}${after.state}\n`,
  );
}

async function resume(id: string, given: string | undefined, options: CareOptions & { failed?: true }, outer: Terminal): Promise<ExitCode> {
  const { backfill, root } = await locate(id);
  const file = given === undefined ? backfill.file && resolve(root, backfill.file) : resolve(outer.cwd, given);
  if (file === undefined || (given === undefined && !existsSync(file)))
    throw new MillraceError('BACKFILL_FILE_UNKNOWN', `expected the file of flow '${backfill.flow}' for backfill ${id}`, {
      hint: `Say it: millrace backfill resume ${id} <file>`,
    });
  return await withBackfillOutput(outer, options.json === true, async (terminal) => {
    const { inside, sources } = await openFlow(file, backfill.flow, {}, terminal);
    const range = { from: new Date(backfill.from), to: new Date(backfill.to) };
    const start: BackfillStart = { ...range, resume: id, failed: options.failed === true };
    return await runBackfill({ inside, sources, terminal, json: options.json === true }, start);
  });
}

async function locate(id: string): Promise<{ readonly backfill: Backfill; readonly root: string }> {
  await using place = await openServicePlace();
  return { backfill: await findBackfill(place.service, id), root: place.root };
}
