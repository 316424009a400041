import { jsonValue } from '../base/json-value.js';
import type { RunStateData } from '../model/event.js';
import type { RunState } from '../model/states.js';
import type { RunPrinter, RunPrinterOptions } from './run-printer.js';
import { RunProgress } from './run-progress.js';

/** One JSON document when the run has ended. */
export function documentPrinter({ terminal, flow, only, ...first }: RunPrinterOptions): RunPrinter {
  let { run, resumes } = first;
  const progress = new RunProgress();
  const children = new Map<string, { readonly run: string; readonly flow: string; state: RunState }>();
  return {
    event: (event) => progress.apply(event),
    childEvent(event, { run: id, flow: name }) {
      if (event.type === 'run-state') children.set(id, { run: id, flow: name, state: (event.data as RunStateData).state });
    },
    again(next) {
      progress.restart();
      [run, resumes] = [next, run];
    },
    note: () => {},
    end({ state, value, error }) {
      const counts = Object.fromEntries([...progress.counts].filter(([, count]) => count > 0));
      const failed = progress.failed.map(({ node, state: ended, attempts, error: why }) => ({ task: node, state: ended, attempts, error: why }));
      const document = {
        run,
        flow,
        ...(resumes === undefined ? {} : { resumes }),
        ...(only === undefined ? {} : { only }),
        state,
        ms: progress.elapsed(terminal.now()),
        counts,
        result: value,
        failed,
        error: errorFields(error),
        ...childRuns(children),
      };
      terminal.out.write(`${JSON.stringify(document, jsonValue, 2)}\n`);
      return false;
    },
  };
}

/** Left out where there are none, as in most documents. */
function childRuns(children: ReadonlyMap<string, object>): { children?: readonly object[] } {
  return children.size === 0 ? {} : { children: [...children.values()] };
}

function errorFields(error: unknown): object | undefined {
  if (error === undefined) return undefined;
  if (typeof error !== 'object' || error === null) return { message: String(error) };
  const { name, message, code, hint } = error as { name?: unknown; message?: unknown; code?: unknown; hint?: unknown };
  return { name, message, code, hint };
}
