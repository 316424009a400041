import type { Path } from '../graph/ref.js';
import type { TaskGraph } from '../graph/task-graph.js';
import type { FinalState } from '../model/final-state.js';
import type { TaskState } from '../model/states.js';
import type { TaskDefinition } from '../model/task-definition.js';

/**
 * What futures and calls need from whatever runs them. The engine implements it for runs, the tracer for drawings and previews;
 * nothing here knows which.
 */
export interface RunPort {
  readonly runId: string;
  readonly flowName: string;
  readonly graph: TaskGraph;
  /** The body has returned and every node has settled: no call can be added. */
  readonly closed: boolean;
  /** The definition as this run uses it: with the flow's defaults. */
  adopt?(definition: TaskDefinition): TaskDefinition;
  /**
   * A node was just added to the graph. `upstream` are the nodes its arguments refer to, as often as they do; `maps` those of them whose
   * children are enough to go on with.
   */
  registered(node: number, upstream: readonly number[] | undefined, maps?: readonly number[]): void;
  /** Adds order without data; the node must not have started. @throws MillraceError `AFTER_STARTED`, `GRAPH_CYCLE` */
  order(node: number, after: number): void;
  state(node: number): TaskState;
  /** The value, or a rejection with a `TaskError`. Asking for it counts as being told of a failure (S12). */
  result(node: number, path: Path | undefined): Promise<unknown>;
  /** Never rejects; counts as being told of a failure. */
  settled(node: number, path: Path | undefined): Promise<FinalState<unknown>>;
}
