import type { Reason } from '../model/reason.js';
import type { TaskState } from '../model/states.js';

/** One node as it is shown: to people, in previews, in drawings. */
export interface ViewNode {
  /** Unique in the graph, the same from run to run: `clean#2`; a child of a sub-flow has its parent's id before it, `prepare#0.clean#2`. */
  readonly id: string;
  readonly task: string;
  readonly description?: string;
  /** Id of the sub-flow node this one is drawn inside. */
  readonly parent?: string;
  /** Preview's answer (S27). */
  readonly state: 'complete' | 'pending' | 'unknown';
  /** false: it may or may not run (S29); drawn dashed. */
  readonly certain: boolean;
  readonly key?: string;
  readonly target?: string;
  /** Ids of the nodes it has edges from. */
  readonly upstream: readonly string[];
  readonly why?: Reason;
  /** For a past or present run: what became of it, how long it took in milliseconds, how many attempts where more than one, and why it failed. */
  readonly outcome?: {
    readonly state: TaskState;
    readonly ms?: number;
    readonly attempts?: number;
    readonly error?: string;
    /** The run whose result was taken over, where this one resumes another (S30). */
    readonly takenOver?: string;
  };
  /** For a map (S8): its children are not nodes of their own here. */
  readonly map?: ViewMap;
}

/** What is known of a map's children. */
export interface ViewMap {
  /** How many there are. Missing before its lists are known. */
  readonly count?: number;
  /** For a past or present run: how many of them are in each state. */
  readonly states?: Readonly<Partial<Record<TaskState, number>>>;
}

export interface ViewEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'data' | 'order' | 'control';
  /**
   * The parameter it feeds, with the path taken out of the result: `rows`, `rows.train`. Of a control edge, what the condition of a branch
   * must be for the branch to be taken: `true`, `false`, or the case; without a label, the body awaited the one before it called the other.
   */
  readonly label?: string;
}

/** A graph to look at: of a flow, of a preview, or of a past run. */
export interface GraphData {
  readonly flowName: string;
  readonly nodes: readonly ViewNode[];
  readonly edges: readonly ViewEdge[];
  /** false: the body met a value it could not know without running (S29). */
  readonly complete: boolean;
  /** Where that was: `file:line:column`. */
  readonly stoppedAt?: string;
}

export interface DotOptions {
  /** Draw sub-flows as clusters. @default true */
  readonly group?: boolean;
  /** Colour nodes by state. @default true for a run or a preview that knows states */
  readonly states?: boolean;
}

/** The pictures of a graph. All are pure; SVG is asynchronous because the layout engine is loaded when first needed. */
export interface Graph extends GraphData {
  toDot(options?: DotOptions): string;
  toMermaid(options?: DotOptions): string;
  toSvg(options?: DotOptions): Promise<string>;
  /** One node a line, in order, with its inputs. */
  toString(): string;
  /** From what is returned down to what it needs, as d6tflow's preview prints it. */
  toTree(): string;
  toJSON(): unknown;
}
