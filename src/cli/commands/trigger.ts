import { Command } from 'commander';
import { MillraceError } from '../../base/error.js';
import { terminalText } from '../../log/terminal-text.js';
import { newRunId } from '../../model/run-id.js';
import { findKnownFlow, knownFlows } from '../../runtime/served/known-flows.js';
import { awaitRun, tellAskedEnd } from '../asked-run.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { collect } from '../flow-command.js';
import { parseMoment } from '../moment.js';
import { openServicePlace } from '../service-place.js';
import type { Terminal } from '../terminal.js';
import { shortTime } from '../zoned-time.js';

interface TriggerOptions {
  readonly param?: readonly string[];
  readonly paramFile?: string;
  readonly tag?: readonly string[];
  readonly at?: number;
  readonly wait?: true;
  readonly json?: true;
}

export function triggerCommand(context: CommandContext): Command {
  const { terminal } = context;
  return new Command('trigger')
    .description('ask for a run of a flow: a service that serves it starts it, also while the flow is paused')
    .argument('<flow>', 'its name')
    .option('-p, --param <name=value>', 'a parameter; may be repeated', collect)
    .option('--param-file <file>', 'a JSON file with parameters by name')
    .option('--tag <tag>', 'a tag for the run; may be repeated', collect)
    .option('--at <time>', 'not before this time: 2026-12-24T09:30; without it, now', (text) => parseMoment(text, terminal.now()))
    .option('-w, --wait', 'show the log of the run as it comes, and end with its state')
    .option('--json', 'print JSON')
    .action(async (flow: string, options: TriggerOptions) => context.exit(await trigger(flow, options, terminal)));
}

async function trigger(name: string, options: TriggerOptions, terminal: Terminal): Promise<ExitCode> {
  const [given, { requestedParams }] = await Promise.all([givenParams(options), import('../../runtime/served/requested-params.js')]);
  await using place = await openServicePlace();
  const now = terminal.now();
  const { served } = findKnownFlow(await knownFlows(place.record, place.service, now), name);
  const params = await requestedParams(served, given);
  if (served === undefined && options.wait)
    throw new MillraceError('FLOW_NOT_SERVED', `no service serves flow '${name}', so that there is nothing to wait for`, {
      hint: 'Start one: millrace serve <folder>. Or run the flow here: millrace run <file>.',
    });
  const run = newRunId(now);
  const dueAt = options.at ?? now;
  await place.service.addDue([{ flow: name, key: run, run, cause: 'request', params, tags: options.tag ?? [], dueAt, createdAt: now }]);
  const asked = { run, flow: name, dueAt: new Date(dueAt).toISOString(), served: served !== undefined };
  if (!options.wait) {
    tellAsked(asked, options, terminal);
    return EXIT.success;
  }
  if (!options.json) terminal.err.write(`${run} of flow ${terminalText(name)}: waiting for a service to start it\n`);
  const awaited = { run, flow: name, retries: served?.retries ?? 0 };
  const end = await awaitRun(place, awaited, terminal, options.json === true);
  const { code, ...told } = end;
  if (options.json) terminal.out.write(`${JSON.stringify({ ...asked, ...told }, null, 2)}\n`);
  else tellAskedEnd(awaited, end, terminal);
  return code;
}

async function givenParams({ param = [], paramFile }: TriggerOptions) {
  const { parseParamArguments, readParamFile } = await import('../../flow/parameters.js');
  const file = paramFile === undefined ? undefined : await readParamFile(paramFile);
  return { texts: parseParamArguments(param), values: file?.values ?? {}, file: file?.name };
}

function tellAsked(
  asked: { readonly run: string; readonly flow: string; readonly served: boolean },
  { json, at }: TriggerOptions,
  { out, err, env }: Terminal,
): void {
  if (json) {
    out.write(`${JSON.stringify(asked, null, 2)}\n`);
    return;
  }
  out.write(`${asked.run} of flow ${terminalText(asked.flow)} is due ${at === undefined ? 'now' : `at ${shortTime(at)}`}\n`);
  if (asked.served) return;
  const colours = coloursFor(err, env);
  err.write(`${colours.yellow('no service serves this flow')}: the run starts when one does (millrace serve)\n`);
}
