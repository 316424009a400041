import { Command } from 'commander';
import type { CommandFactory } from '../command.js';
import { FLOW_FILE, openFlow } from '../flow-command.js';

/**
 * `millrace tell-crash <file> <flow> <run>`: started by a service when a run of a flow that it serves has crashed. It alone has the flow's code, and so
 * knows whom to tell; a process of its own, so that a broken file harms no service.
 */
export const tellCrashCommand: CommandFactory = ({ terminal }) =>
  new Command('tell-crash')
    .description('tell those whom a flow names that a run of it has crashed')
    .argument('<file>', FLOW_FILE)
    .argument('<flow>', 'the name of the flow')
    .argument('<run>', 'the id of the run')
    .option('--notify <file>', 'whom else to tell')
    .action(async (file: string, flow: string, run: string, { notify }: { readonly notify?: string }) => {
      const { inside } = await openFlow(file, flow, {}, terminal);
      const also = notify === undefined ? [] : await (await import('../load-notifications.js')).loadNotifications(notify, terminal.cwd);
      const { crashNotifications } = await import('../../runtime/crash-notifications.js');
      const { problems } = await crashNotifications(inside.definition, run, also);
      for (const problem of problems) terminal.err.write(`millrace: ${problem}\n`);
    });
