import type { EdgeRow } from '../../model/records.js';
import { grown } from './growing.js';

const KINDS = ['data', 'order', 'control', 'control-as'] as const;
const NO_LABEL = -1;

/** Edges of many task runs, end to end in three columns; labels are kept once. An edge costs nine bytes instead of some hundred. */
export class EdgePool {
  #from = new Int32Array(0);
  #kind = new Uint8Array(0);
  #label = new Int32Array(0);
  #end = 0;
  readonly #labels: string[] = [];
  readonly #labelPlaces = new Map<string, number>();

  /** @returns the place of the first one, to be given to `read` together with their number */
  add(edges: readonly EdgeRow[]): number {
    const first = this.#end;
    this.#end += edges.length;
    this.#from = grown(this.#from, this.#end, 0);
    this.#kind = grown(this.#kind, this.#end, 0);
    this.#label = grown(this.#label, this.#end, NO_LABEL);
    for (const [offset, edge] of edges.entries()) {
      this.#from[first + offset] = edge.from;
      this.#kind[first + offset] = KINDS.indexOf(edge.kind);
      this.#label[first + offset] = edge.label === undefined ? NO_LABEL : this.#placeOf(edge.label);
    }
    return first;
  }

  read(first: number, count: number): readonly EdgeRow[] {
    return Array.from({ length: count }, (_, offset) => {
      const at = first + offset;
      const label = this.#labels[this.#label[at] as number];
      return { from: this.#from[at] as number, kind: KINDS[this.#kind[at] as number] ?? 'data', ...(label === undefined ? undefined : { label }) };
    });
  }

  #placeOf(label: string): number {
    let place = this.#labelPlaces.get(label);
    if (place === undefined) {
      place = this.#labels.push(label) - 1;
      this.#labelPlaces.set(label, place);
    }
    return place;
  }
}
