import { asError } from '../base/error.js';
import { GraphScope } from '../graph/task-graph.js';
import type { LogLevel } from '../model/event.js';
import type { CacheEntryRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';
import type { Machinery } from './machinery.js';
import { type LostResult, reasonOfLoss } from './node-results.js';
import { REDONE } from './node-table.js';

/** What making anew needs of the run. */
export interface RemakingHost {
  line(node: number | undefined, attempt: number, level: LogLevel, text: string): void;
  registered(node: number, upstream: readonly number[] | undefined): void;
  ended(node: number): Promise<void>;
}

/** Computes anew what was reused and proved missing or broken, by a node of its own: the first one has ended already (S10, S25). */
export class Remaking {
  readonly #run: Machinery;
  readonly #host: RemakingHost;

  constructor(run: Machinery, host: RemakingHost) {
    this.#run = run;
    this.#host = host;
  }

  again(node: number, lost: LostResult): { readonly node: number; readonly ended: Promise<void> } {
    const { graph, nodes, notes, results, targets } = this.#run;
    const id = graph.id(node);
    this.#host.line(node, 0, 'warn', `${lost.message}: '${id}' is computed anew`);
    const origin = results.origin(node);
    if (origin) this.#drop(node, origin, lost);
    const scope = new GraphScope(`${id}~`, (graph.scopes[node] as GraphScope).parent);
    const anew = graph.add(graph.definitions[node] as TaskDefinition, graph.args[node] as readonly unknown[], scope, graph.knowledge[node]);
    const upstream = graph.inputs(node).map(({ from }) => results.actual(from));
    this.#host.registered(anew, upstream.length === 0 ? undefined : upstream);
    nodes.mark(anew, REDONE);
    targets.again(anew, node);
    notes.of(anew).reason = reasonOfLoss(lost);
    return { node: anew, ended: this.#host.ended(anew) };
  }

  /** Bytes that are whole but cannot be read here stay: others may be able to. */
  #drop(node: number, origin: CacheEntryRow, { code }: LostResult): void {
    const { reuse } = this.#run.parts;
    if (code !== 'RESULT_MISSING' && code !== 'RESULT_CORRUPTED') return reuse.forget(origin);
    reuse
      .discard(origin)
      .catch((error) => this.#host.line(node, 0, 'warn', `its entry cannot be removed from the record: ${asError(error).message}`));
  }
}
