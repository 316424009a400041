import type { Viz } from '@viz-js/viz';
import { asError, MillraceError } from '../../base/error.js';

/** What Graphviz's `json0` says of where things lie; lengths of nodes in inches, everything else in points from the lower left corner. */
export interface Layout {
  readonly bb: string;
  readonly lp?: string;
  readonly objects?: readonly LayoutObject[];
  readonly edges?: readonly LayoutEdge[];
}

/** A node has `pos`, a cluster has `bb`. */
export interface LayoutObject {
  readonly name: string;
  readonly pos?: string;
  readonly width?: string;
  readonly height?: string;
  readonly bb?: string;
}

export interface LayoutEdge {
  readonly id: string;
  readonly pos: string;
  readonly lp?: string;
}

let loading: Promise<Viz> | undefined;

/**
 * Lays a DOT graph out. Graphviz, compiled to WebAssembly, is loaded with the first call; the layout itself holds the thread.
 * @throws MillraceError `DRAWING_FAILED`
 */
export async function layOut(dot: string): Promise<Layout> {
  try {
    loading ??= import('@viz-js/viz').then(({ instance }) => instance());
    const { output, errors } = (await loading).render(dot, { format: 'json0', engine: 'dot' });
    if (output !== undefined) return JSON.parse(output) as Layout;
    throw new Error(errors.map(({ message }) => message).join('; ') || 'no reason given');
  } catch (thrown) {
    // After an error inside WebAssembly its memory cannot be trusted: the next drawing starts with a fresh one.
    loading = undefined;
    throw new MillraceError('DRAWING_FAILED', `Graphviz could not lay out the graph: ${asError(thrown).message}`, {
      cause: thrown,
      hint: 'draw it with toMermaid(), or give the text of toDot() to another Graphviz',
    });
  }
}
