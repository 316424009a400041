import type { RunPrinter, RunPrinterOptions } from './run-printer.js';
import { RunProgress } from './run-progress.js';

/** One JSON document when the run has ended. */
export function documentPrinter({ terminal, flow, run }: RunPrinterOptions): RunPrinter {
  const progress = new RunProgress();
  return {
    event: (event) => progress.apply(event),
    note: () => {},
    end({ state, value, error }) {
      const counts = Object.fromEntries([...progress.counts].filter(([, count]) => count > 0));
      const failed = progress.failed.map(({ node, state: ended, attempts, error: why }) => ({ task: node, state: ended, attempts, error: why }));
      const document = { run, flow, state, ms: progress.elapsed(terminal.now()), counts, result: value, failed, error: errorFields(error) };
      terminal.out.write(`${JSON.stringify(document, jsonValue, 2)}\n`);
      return false;
    },
  };
}

function errorFields(error: unknown): object | undefined {
  if (error === undefined) return undefined;
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, code, hint } = error as Error & { code?: unknown; hint?: unknown };
  return { name, message, code, hint };
}

/** JSON has no word for these; a program that needs them in full reads the stored result. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  return value;
}
