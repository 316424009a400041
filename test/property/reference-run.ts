import { actOf } from './program-acts.js';
import type {
  Block,
  DerivedStep,
  MapArgument,
  MapStep,
  MatchStep,
  Program,
  SequenceStep,
  Source,
  Step,
  SubflowStep,
  TaskStep,
  Traits,
  WhenStep,
} from './random-program.js';

// The rules (S7, S8, S11, S12, S13) as one would tell them: everything in order, one after the other, without a cache.

export type End = 'success' | 'skipped' | 'failed' | 'upstream-failed' | 'timed-out';

/** One call, and what has become of it. */
interface Call {
  readonly end: End;
  readonly value?: unknown;
  /** Of calls that people see. */
  readonly id?: string;
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
interface Ref {
  readonly call: Call;
  readonly part: number | undefined;
}

export interface ReferenceRun {
  /** Every call that people see, by its id. */
  readonly calls: ReadonlyMap<string, { readonly end: End; readonly attempts: number | undefined }>;
  readonly isSuccess: boolean;
  /** Ids of all that failed by itself, sorted; and of those that nobody was told of. */
  readonly failures: readonly string[];
  readonly unhandled: readonly string[];
  /** What the body gives. */
  readonly value: unknown;
}

export function referenceRun(program: Program): ReferenceRun {
  const calls: Call[] = [];
  const told = new Set<Call>();
  const value = new Body(calls, told, '').run(program);
  const failures = calls.filter(({ isRoot }) => isRoot);
  const unhandled = failures.filter((call) => !told.has(call));
  const seen = calls.filter(({ id, attempts }) => id !== undefined && attempts !== undefined);
  const ids = (of: readonly Call[]): string[] => of.map(({ id }) => String(id)).sort();
  return {
    calls: new Map(seen.map(({ id, end, attempts }) => [id as string, { end, attempts }])),
    isSuccess: hasValue(value) && unhandled.length === 0,
    failures: ids(failures),
    unhandled: ids(unhandled),
    value: value.value,
  };
}

const hasValue = ({ end }: Call): boolean => end === 'success';
const isFailure = ({ end }: Call): boolean => end !== 'success' && end !== 'skipped';

/** How a call ends that cannot have a value, because of these: a failure weighs more than a skip. */
function endFor(causes: readonly Call[]): End {
  return causes.some(isFailure) ? 'upstream-failed' : 'skipped';
}

/** The body of the flow, or of a sub-flow. */
class Body {
  readonly #calls: Call[];
  readonly #told: Set<Call>;
  /** Of ids. */
  readonly #prefix: string;
  readonly #known = new Map<number, Call>();
  /** What every call waits for: gates of branches, the step before. */
  #preceding: readonly Call[] = [];
  #matches = 0;

  constructor(calls: Call[], told: Set<Call>, prefix: string) {
    this.#calls = calls;
    this.#told = told;
    this.#prefix = prefix;
  }

  run(block: Block, entry?: { readonly step: TaskStep; readonly parameter: unknown }): Call {
    if (entry) this.#known.set(entry.step.id, this.#call(entry.step.traits, `t${entry.step.id}#0`, entry.step.id, [entry.parameter], []));
    return this.#block(block);
  }

  #block({ steps, gives }: Block): Call {
    for (const { step, awaited } of steps) {
      const call = this.#step(step);
      this.#known.set(step.id, call);
      if (awaited) this.#tell(call);
    }
    return this.#known.get(gives.step) as Call;
  }

  #step(step: Step): Call {
    if (step.kind === 'task') return this.#task(step);
    if (step.kind === 'map') return this.#map(step);
    if (step.kind === 'derived') return this.#derived(step);
    if (step.kind === 'when') return this.#when(step);
    if (step.kind === 'match') return this.#match(step);
    if (step.kind === 'sequence') return this.#sequence(step);
    return this.#subflow(step);
  }

  #ended(call: Call): Call {
    this.#calls.push(call);
    return call;
  }

  /** Somebody has heard of this, and so of what is behind it (S12). */
  #tell(call: Call): void {
    if (this.#told.has(call)) return;
    this.#told.add(call);
    for (const cause of call.causes ?? []) this.#tell(cause);
  }

  #ref({ step, part }: Source): Ref {
    return { call: this.#known.get(step) as Call, part };
  }

  #refs(sources: readonly Source[]): Ref[] {
    return sources.map((source) => this.#ref(source));
  }

  // ── tasks ──

  #task({ id, inputs, isGathered, after, traits }: TaskStep): Call {
    const refs = this.#refs(inputs);
    const values = refs.map(valueAt);
    const waits = [...refs, ...this.#refs(after)].map(({ call }) => call);
    return this.#call(traits, `t${id}#0`, id, isGathered ? [values] : values, waits);
  }

  /** One call of a task's function, if its rule lets it run (S11). */
  #call(traits: Traits, name: string, step: number, args: readonly unknown[], waits: readonly Call[], preceding = this.#preceding): Call {
    const id = this.#prefix + name;
    const closed = closedGate(preceding);
    if (closed) return this.#ended({ id, end: endFor([closed]), attempts: 0, causes: [closed] });
    const inputs = [...new Set([...waits, ...preceding.filter(({ isGate }) => !isGate)])];
    const verdict = judge(traits, inputs);
    const lost = inputs.filter((input) => !hasValue(input));
    const isRuled = traits.rule !== undefined || traits.skipOnUpstreamSkip !== undefined;
    if (verdict !== 'run') return this.#ended({ id, end: verdict, attempts: 0, causes: isRuled ? inputs.filter(isFailure) : lost });
    if (traits.handles) for (const input of inputs.filter(isFailure)) this.#tell(input);
    return this.#ended({ id, ...execute(step, traits, args) });
  }

  // ── maps (S8) ──

  #map({ id, lists, after, maxSplits, hasKey, traits }: MapStep): Call {
    const name = `t${id}#0`;
    const end = (call: Pick<Call, 'end' | 'isRoot' | 'causes' | 'children' | 'value'>): Call =>
      this.#ended({ id: this.#prefix + name, attempts: 0, isMap: true, ...call });
    const waits = [...this.#preceding, ...this.#refs(after).map(({ call }) => call), ...lists.flatMap((list) => this.#neededBy(list))];
    const closed = closedGate(this.#preceding);
    const lost = closed ? [closed] : waits.filter((call) => !hasValue(call));
    if (lost.length > 0) return end({ end: endFor(lost), causes: lost });
    const columns = lists.map((list, at) => this.#columnOf(list, `${id}.${at}`));
    const counts = columns.flatMap((column) => (column.kind === 'same' ? [] : [column.elements?.length]));
    const count = counts[0] ?? 0;
    if (counts.some((other) => other !== count) || (maxSplits !== undefined && count > maxSplits)) return end({ end: 'failed', isRoot: true });
    const children = Array.from({ length: count }, (_, place) => {
      const row = columns.map((column) => (column.kind === 'same' ? column.of : (column.elements as readonly Element[])[place]) as Element);
      const waitsFor = row.flatMap((element) => ('call' in element ? [element.call] : []));
      const child = hasKey ? `k${place}` : place;
      return this.#call(traits, `${name}[${child}]`, id, row.map(valueAt), waitsFor, []);
    });
    const without = children.filter((child) => !hasValue(child));
    if (without.length === 0) return end({ end: 'success', value: children.map(({ value }) => value), children });
    return end({ end: without.some(isFailure) ? 'failed' : 'skipped', causes: without, children });
  }

  /** What must have a value before the children are known: not another map, whose children are enough. */
  #neededBy(list: MapArgument): readonly Call[] {
    if (list.kind !== 'future') return [];
    const { call, part } = this.#ref(list.of);
    return part === undefined && call.children ? [] : [call];
  }

  #columnOf(list: MapArgument, name: string): Column {
    if (list.kind === 'unmapped') return { kind: 'same', of: this.#ref(list.of) };
    if (list.kind === 'literal') {
      return { kind: 'list', elements: list.items.map((item, at) => (item === undefined ? { value: `${name}.${at}` } : this.#ref(item))) };
    }
    const ref = this.#ref(list.of);
    if (ref.part === undefined && ref.call.children) return { kind: 'list', elements: ref.call.children.map((call) => ({ call, part: undefined })) };
    const value = valueAt(ref);
    return { kind: 'list', elements: Array.isArray(value) ? value.map((element: unknown) => ({ value: element })) : undefined };
  }

  // ── steps between tasks ──

  #derived({ what, inputs }: DerivedStep): Call {
    const refs = this.#refs(inputs);
    const first = refs[0] as Ref;
    const kept = this.#keptFromRunning();
    if (kept) return kept;
    if (what === 'all') return lostAmong(refs) ?? { end: 'success', value: refs.map(valueAt) };
    if (what === 'merge') return mergeOf(refs);
    if (what === 'outcome') {
      this.#tell(first.call);
      return { end: 'success', value: stateOf(first) };
    }
    if (what === 'orElse') {
      if (hasValue(first.call)) return { end: 'success', value: valueAt(first) };
      this.#tell(first.call);
      return copyOf(refs[1] ?? first);
    }
    const { children } = first.call;
    if (children === undefined) return { end: endFor([first.call]), causes: [first.call] };
    if (what === 'length') return { end: 'success', value: children.length };
    this.#tell(first.call);
    for (const child of children) this.#tell(child);
    const states = children.map((call) => stateOf({ call, part: undefined }));
    return { end: 'success', value: what === 'states' ? states : states.flatMap((state) => ('value' in state ? [state.value] : [])) };
  }

  /** What a step without a rule of its own ends as, when what precedes it has no value. */
  #keptFromRunning(): Call | undefined {
    const closed = closedGate(this.#preceding);
    return lostAmong((closed ? [closed] : this.#preceding).map((call) => ({ call, part: undefined })));
  }

  #when({ condition, yes, no }: WhenStep): Call {
    const ref = this.#ref(condition);
    const taken = this.#branch(
      this.#gate(ref, (value) => Boolean(value)),
      yes,
    );
    const other =
      no &&
      this.#branch(
        this.#gate(ref, (value) => !value),
        no,
      );
    const kept = this.#keptFromRunning() ?? lostAmong([ref]);
    if (kept) return kept;
    const chosen = valueAt(ref) ? taken : other;
    return chosen ? copyOf({ call: chosen, part: undefined }) : { end: 'success', value: undefined };
  }

  #match({ key, cases }: MatchStep): Call {
    const ref = this.#ref(key);
    const results = { a: this.#case(ref, 'a', cases.a), b: this.#case(ref, 'b', cases.b) };
    const id = `${this.#prefix}match#${this.#matches++}`;
    const kept = this.#keptFromRunning() ?? lostAmong([ref]);
    if (kept) return kept;
    const value = valueAt(ref);
    if (value === 'a' || value === 'b') return copyOf({ call: results[value], part: undefined });
    return this.#ended({ id, end: 'failed', isRoot: true });
  }

  #case(ref: Ref, name: string, block: Block): Call {
    return this.#branch(
      this.#gate(ref, (value) => value === name),
      block,
    );
  }

  #gate(ref: Ref, isOpen: (value: unknown) => boolean): Call {
    const kept = this.#keptFromRunning() ?? lostAmong([ref]);
    if (kept) return { ...kept, isGate: true };
    return { end: isOpen(valueAt(ref)) ? 'success' : 'skipped', isGate: true };
  }

  #branch(gate: Call, block: Block): Call {
    return this.#after([gate], block);
  }

  #sequence({ blocks }: SequenceStep): Call {
    let last: Call | undefined;
    for (const block of blocks) last = this.#after(last ? [...this.#preceding, last] : this.#preceding, block);
    return last as Call;
  }

  #after(preceding: readonly Call[], block: Block): Call {
    const before = this.#preceding;
    this.#preceding = preceding;
    const call = this.#block(block);
    this.#preceding = before;
    return call;
  }

  // ── sub-flows (S7) ──

  #subflow({ id, parameter, entry, block }: SubflowStep): Call {
    const ref = this.#ref(parameter);
    const name = `${this.#prefix}s${id}#0`;
    const closed = closedGate(this.#preceding);
    const lost = closed ? [closed] : [ref.call, ...this.#preceding].filter((call) => !hasValue(call));
    if (lost.length > 0) return this.#ended({ id: name, end: endFor(lost), attempts: 0, causes: lost });
    const inside: Call[] = [];
    const given = new Body(inside, this.#told, `${name}.`).run(block, { step: entry, parameter: valueAt(ref) });
    this.#calls.push(...inside);
    const unhandled = inside.filter((call) => call.isRoot && !this.#told.has(call));
    if (unhandled.length > 0) return this.#ended({ id: name, end: 'failed', attempts: 1, causes: unhandled });
    if (!hasValue(given) || !isStorable(given.value)) return this.#ended({ id: name, end: 'failed', attempts: 1, isRoot: true });
    return this.#ended({ id: name, end: 'success', attempts: 1, value: [given.value] });
  }
}

type Element = Ref | { readonly value: unknown };
type Column =
  | { readonly kind: 'same'; readonly of: Ref }
  /** Undefined: it is no list. */
  | { readonly kind: 'list'; readonly elements: readonly Element[] | undefined };

function valueAt(element: Element): unknown {
  if ('value' in element) return element.value;
  const { call, part } = element;
  if (!hasValue(call) || part === undefined) return call.value;
  return (call.value as Record<number, unknown> | undefined)?.[part];
}

function stateOf(ref: Ref): { state: End; value?: unknown } {
  return hasValue(ref.call) ? { state: 'success', value: valueAt(ref) } : { state: ref.call.end };
}

/** An end without a value holds an error, and a result that holds one is refused (S16). */
function isStorable(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isStorable);
  if (typeof value !== 'object' || value === null) return true;
  return 'value' in value && isStorable(value.value);
}

/** A step that hands on what another has come to. */
function copyOf(ref: Ref): Call {
  return lostAmong([ref]) ?? { end: 'success', value: valueAt(ref) };
}

function lostAmong(refs: readonly Ref[]): Call | undefined {
  const lost = refs.map(({ call }) => call).filter((call) => !hasValue(call));
  return lost.length === 0 ? undefined : { end: endFor(lost), causes: lost };
}

function mergeOf(refs: readonly Ref[]): Call {
  return copyOf(refs.find(({ call }) => hasValue(call)) ?? refs.find(({ call }) => isFailure(call)) ?? (refs[0] as Ref));
}

function closedGate(preceding: readonly Call[]): Call | undefined {
  return preceding.find((call) => call.isGate && !hasValue(call));
}

/** The trigger rules in words of their own. */
function judge({ rule = 'all-success', skipOnUpstreamSkip = rule === 'all-success' || undefined }: Traits, inputs: readonly Call[]): 'run' | End {
  if (inputs.length === 0) return 'run';
  const skips = inputs.filter(({ end }) => end === 'skipped').length;
  const failures = inputs.filter(isFailure).length;
  const values = inputs.filter(hasValue).length;
  const good = skipOnUpstreamSkip === false ? values + skips : values;
  const runs = {
    'all-success': failures === 0,
    'all-done': true,
    'all-failed': failures === inputs.length,
    'any-success': good > 0,
    'any-failed': failures > 0,
    'none-failed': failures === 0,
    'none-failed-min-one-success': failures === 0 && good > 0,
    most: values * 2 > inputs.length,
  }[rule];
  if (runs) return skipOnUpstreamSkip === true && skips > 0 ? 'skipped' : 'run';
  // That there were not failures enough is no failure.
  return failures > 0 && rule !== 'all-failed' ? 'upstream-failed' : 'skipped';
}

/** The attempts of one call (S13). */
function execute(step: number, traits: Traits, args: readonly unknown[]): Pick<Call, 'end' | 'value' | 'attempts' | 'isRoot'> {
  const { retries, flaky } = traits;
  const all = retries + 1;
  if (flaky >= all) return { end: 'failed', attempts: all, isRoot: true };
  const { does, value } = actOf(step, traits, args);
  if (does === 'throw') return { end: 'failed', attempts: all, isRoot: true };
  if (does === 'hang') return { end: 'timed-out', attempts: all, isRoot: true };
  if (does === 'fatal') return { end: 'failed', attempts: flaky + 1, isRoot: true };
  if (does === 'skip') return { end: 'skipped', attempts: flaky + 1 };
  return { end: 'success', attempts: flaky + 1, value };
}
