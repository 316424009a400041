import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Shared by every copy of the package: `flowRef` asks the one, and leaves its names in the other. */
const FINDER = Symbol.for('millrace.flow-finder');
const REFERENCED = Symbol.for('millrace.flow-references');
const DEFINED = Symbol.for('millrace.flows');

interface Shared {
  [FINDER]?: (name: string) => Promise<void>;
  [REFERENCED]?: ReadonlySet<string>;
  [DEFINED]?: ReadonlySet<{ readonly flowName?: unknown }>;
}

/** What is beside a flow and is none. */
const NOT_A_FLOW_FILE = /\.d\.[cm]?ts$|\.(?:test|spec)\.\w+$/;

export interface FlowFolder {
  /** The flow file that was asked for. Absolute. */
  readonly entry: string;
  /** By name. */
  isFlowFile(name: string): boolean;
  /** Evaluates a file. @throws FlowFileError */
  load(path: string): Promise<unknown>;
}

/**
 * Lets `flowRef` find flows in the folder of the flow file that runs. A file there is evaluated only when its text defines a flow of the name
 * that is looked for, and once.
 */
export function installFlowFinder({ entry, isFlowFile, load }: FlowFolder): void {
  const loaded = new Map<string, Promise<unknown>>();
  const folder = dirname(entry);
  const loadOnce = (path: string): Promise<unknown> => {
    const known = loaded.get(path) ?? load(path);
    loaded.set(path, known);
    return known;
  };
  (globalThis as Shared)[FINDER] = async (name) => {
    const paths = readdirSync(folder)
      .filter((file) => isFlowFile(file) && !NOT_A_FLOW_FILE.test(file))
      .map((file) => join(folder, file))
      .filter((path) => path !== entry && definesFlow(readFileSync(path, 'utf8'), name));
    for (const path of paths) await loadOnce(path);
  };
}

/** Looks for the flows that the file names outside of bodies, so that they are there when a body calls them. */
export async function findReferencedFlows(): Promise<void> {
  const shared = globalThis as Shared;
  const tried = new Set<string>();
  for (;;) {
    const name = [...(shared[REFERENCED] ?? [])].find((one) => !tried.has(one));
    if (name === undefined) return;
    tried.add(name);
    if ([...(shared[DEFINED] ?? [])].some(({ flowName }) => flowName === name)) continue;
    // Whoever uses it is told: it may never come to that.
    await shared[FINDER]?.(name).catch(() => {});
  }
}

/** `flow('report', …)`, `flow<…>('report', …)`, `@Flow({ name: 'report' })`, and a class of that name marked `@Flow`. */
function definesFlow(text: string, name: string): boolean {
  const word = name.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const calls = new RegExp(`\\bflow\\s*(?:<[^'"\`]*>)?\\(\\s*(['"\`])${word}\\1`);
  const classes = new RegExp(`@Flow\\([^)]*\\bname:\\s*(['"\`])${word}\\1|@Flow\\([^)]*\\)\\s*(?:export\\s+)?(?:default\\s+)?class\\s+${word}\\b`);
  return calls.test(text) || classes.test(text);
}
