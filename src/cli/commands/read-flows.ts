import { Worker } from 'node:worker_threads';
import { Command } from 'commander';
import { type FlowData, flowData } from '../../service/flow-data.js';
import type { FileReport } from '../../service/read-flow-file.js';
import { coloursFor } from '../colours.js';
import type { CommandContext } from '../command.js';
import { formatError } from '../errors.js';
import type { FoundFlow } from '../flow-file/flows-of.js';

/** Should whoever asked be gone, a file that never ends would be loaded for ever. In milliseconds. */
const LONGEST_MS = 120_000;

/** Loads a flow file and sends what its flows are to the service that started this process. */
export function readFlowsCommand({ terminal }: CommandContext): Command {
  return new Command('read-flows')
    .argument('<file>')
    .argument('<after>')
    .action(async (file: string, after: string) => {
      endByItself();
      const report = await read(file, Number(after)).catch(
        (error: unknown): FileReport => ({
          error: formatError(error, { colours: coloursFor({ write: () => {} }, { ...terminal.env, NO_COLOR: '1' }) }).trim(),
        }),
      );
      await new Promise<void>((resolve) => {
        if (process.send === undefined) terminal.out.write(`${JSON.stringify(report, null, 2)}\n`);
        if (process.send === undefined || !process.send(report, () => resolve())) resolve();
      });
      // What the file has left open is nobody's business.
      if (process.send !== undefined) process.exit(0);
    });
}

async function read(file: string, after: number): Promise<FileReport> {
  const { loadFlowFile } = await import('../load-flow-file.js');
  const { flows, modules } = await loadFlowFile(file);
  const data = withoutVariants(flows).map(({ inside }) => flowData(inside.definition, inside.parameters(), after));
  return { reading: { flows: data satisfies readonly FlowData[], ...(modules === undefined ? {} : { modules }) } };
}

/** A flow under other options goes by the name of the one it was made of. */
function withoutVariants(flows: readonly FoundFlow[]): readonly FoundFlow[] {
  const originals = new Set(flows.filter(({ inside }) => !inside.isVariant).map(({ flowName }) => flowName));
  return flows.filter(({ inside, flowName }) => !inside.isVariant || !originals.has(flowName));
}

/** From a thread: the file may hold this one. */
function endByItself(): void {
  const code = `setTimeout(() => process.kill(process.pid, 'SIGKILL'), ${LONGEST_MS})`;
  new Worker(code, { eval: true, execArgv: [], stdout: false }).unref();
}
