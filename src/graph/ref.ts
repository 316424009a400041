/** Where a reference's parts are kept: symbols, so that no name a user may destructure is taken, and shared by every copy of the package. */
export const OWNER: unique symbol = Symbol.for('millrace.ref.owner');
export const NODE: unique symbol = Symbol.for('millrace.ref.node');
export const PATH: unique symbol = Symbol.for('millrace.ref.path');

/** Keys that lead from a result to a part of it. */
export type Path = readonly (string | number)[];

/** Stands for the result of a node, or a part of it, before that result exists. Futures are references; so are the placeholders of a trace. */
export interface Ref<Owner extends object = object> {
  /** The run (or trace) the node belongs to. */
  readonly [OWNER]: Owner;
  readonly [NODE]: number;
  readonly [PATH]: Path | undefined;
}

export function isRef(value: unknown): value is Ref {
  return typeof value === 'object' && value !== null && (value as Partial<Ref>)[OWNER] !== undefined;
}

/** Takes the part that `path` leads to; a missing link gives undefined, as `?.` does. */
export function project(value: unknown, path: Path | undefined): unknown {
  if (path === undefined) return value;
  let part = value;
  for (const key of path) part = (part as Record<string | number, unknown> | null | undefined)?.[key];
  return part;
}

/** `rows`, `rows.train`, `models[0].score`: how an argument, or a part of one, is written. */
export function pathText(root: string, path: Path | undefined): string {
  let text = root;
  for (const key of path ?? []) text += typeof key === 'number' || /^\d+$/.test(key) ? `[${key}]` : `.${key}`;
  return text;
}
