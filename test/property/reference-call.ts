export type End = 'success' | 'skipped' | 'failed' | 'upstream-failed' | 'timed-out';

/** One call, and what has become of it. */
export interface Call {
  readonly end: End;
  readonly value?: unknown;
  /** Of calls that people see, and of steps that fail by themselves: no two of a run are the same. */
  readonly id?: string;
  /** Of a step between tasks: what people know it by. */
  readonly called?: string;
  /** 0: its function was not called. */
  readonly attempts?: number;
  /** It failed by itself: what a run answers for. */
  readonly isRoot?: boolean;
  /** What kept it from having a value. */
  readonly causes?: readonly Call[];
  /** Of a map whose lists were there. */
  readonly children?: readonly Call[];
  readonly isMap?: boolean;
  readonly isGate?: boolean;
}

/** A call's value, or a part of it. */
export interface Ref {
  readonly call: Call;
  readonly part: number | undefined;
}

export type Element = Ref | { readonly value: unknown };

export const hasValue = ({ end }: Call): boolean => end === 'success';
export const isFailure = ({ end }: Call): boolean => end !== 'success' && end !== 'skipped';

/** How a call ends that cannot have a value, because of these: a failure weighs more than a skip. */
export function endFor(causes: readonly Call[]): End {
  return causes.some(isFailure) ? 'upstream-failed' : 'skipped';
}

export function valueAt(element: Element): unknown {
  if ('value' in element) return element.value;
  const { call, part } = element;
  if (!hasValue(call) || part === undefined) return call.value;
  return (call.value as Record<number, unknown> | undefined)?.[part];
}

export function stateOf(ref: Ref): { state: End; value?: unknown } {
  return hasValue(ref.call) ? { state: 'success', value: valueAt(ref) } : { state: ref.call.end };
}

/** A step that hands on what another has come to. */
export function copyOf(ref: Ref): Call {
  return lostAmong([ref]) ?? { end: 'success', value: valueAt(ref) };
}

export function lostAmong(refs: readonly Ref[]): Call | undefined {
  const lost = refs.map(({ call }) => call).filter((call) => !hasValue(call));
  return lost.length === 0 ? undefined : { end: endFor(lost), causes: lost };
}

export function mergeOf(refs: readonly Ref[]): Call {
  const given = refs.find((ref) => hasValue(ref.call) && valueAt(ref) !== undefined);
  return copyOf(given ?? refs.find(({ call }) => hasValue(call)) ?? refs.find(({ call }) => isFailure(call)) ?? (refs[0] as Ref));
}

export function closedGate(preceding: readonly Call[]): Call | undefined {
  return preceding.find((call) => call.isGate && !hasValue(call));
}
