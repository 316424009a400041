import { Command } from 'commander';
import { terminalText } from '../../log/terminal-text.js';
import { findKnownFlow, knownFlows } from '../../runtime/served/known-flows.js';
import type { CommandContext } from '../command.js';
import { openServicePlace } from '../service-place.js';
import type { Terminal } from '../terminal.js';

interface PauseOptions {
  readonly why?: string;
  readonly json?: true;
}

export function pauseCommand({ terminal }: CommandContext): Command {
  return new Command('pause')
    .description('let a flow start nothing by itself; what runs goes on, and what somebody asks for starts all the same')
    .argument('<flow>', 'its name')
    .option('--why <reason>', 'for those who wonder later')
    .option('--json', 'print JSON')
    .action(async (flow: string, options: PauseOptions) => await setPaused(flow, true, options, terminal));
}

export function unpauseCommand({ terminal }: CommandContext): Command {
  return new Command('unpause')
    .description('let a flow run by its schedules again; what becomes of instants since it was paused, its `missed` says')
    .argument('<flow>', 'its name')
    .option('--json', 'print JSON')
    .action(async (flow: string, options: PauseOptions) => await setPaused(flow, false, options, terminal));
}

async function setPaused(flow: string, isPaused: boolean, { why, json }: PauseOptions, { out, now }: Terminal): Promise<void> {
  await using place = await openServicePlace();
  findKnownFlow(await knownFlows(place.record, place.service, now()), flow);
  const changed = await place.service.pause(flow, isPaused ? now() : undefined, why);
  const state = isPaused ? 'paused' : 'active';
  if (json) out.write(`${JSON.stringify({ flow, state, changed, ...(why === undefined ? {} : { why }) }, null, 2)}\n`);
  else out.write(`flow ${terminalText(flow)} is ${changed ? (isPaused ? 'paused' : 'active again') : `${isPaused ? 'paused' : 'active'} already`}\n`);
}
