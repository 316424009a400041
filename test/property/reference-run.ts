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
import {
  type Call,
  closedGate,
  copyOf,
  type Element,
  type End,
  endFor,
  hasValue,
  isFailure,
  lostAmong,
  mergeOf,
  type Ref,
  stateOf,
  valueAt,
} from './reference-call.js';
import { execute, judge } from './reference-rules.js';

// The rules (S7, S8, S11, S12, S13) as one would tell them: everything in order, one after the other, without a cache.

export interface ReferenceRun {
  /** Every call that people see, by its id. */
  readonly calls: ReadonlyMap<string, { readonly end: End; readonly attempts: number | undefined }>;
  readonly isSuccess: boolean;
  /** All that failed by itself. */
  readonly failures: readonly ReferenceFailure[];
  /** What the body gives. */
  readonly value: unknown;
}

export interface ReferenceFailure {
  readonly id: string;
  /** Its id, or what people know a step between tasks by. */
  readonly called: string;
  readonly isStep: boolean;
  /** Somebody was told of it. */
  readonly isHandled: boolean;
}

export function referenceRun(program: Program): ReferenceRun {
  const calls: Call[] = [];
  const told = new Set<Call>();
  const value = new Body(calls, told, '').run(program);
  const roots = calls.filter(({ isRoot }) => isRoot);
  const failures = roots.map((call) => failureOf(call, told.has(call)));
  const seen = calls.filter(({ id, attempts }) => id !== undefined && attempts !== undefined);
  return {
    calls: new Map(seen.map(({ id, end, attempts }) => [id as string, { end, attempts }])),
    isSuccess: isGiven(value) && failures.every(({ isHandled }) => isHandled),
    failures,
    value: value.value,
  };
}

/** A part of what a body gives that was skipped is left empty. */
function isGiven(part: Call): boolean {
  return hasValue(part) || part.end === 'skipped';
}

function failureOf({ id, called }: Call, isHandled: boolean): ReferenceFailure {
  return { id: String(id), called: called ?? String(id), isStep: called !== undefined, isHandled };
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
  #steps = 0;

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

  #derived({ what, inputs, index }: DerivedStep): Call {
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
    if (what === 'at') return this.#elementOf(first.call, index);
    const { children } = first.call;
    if (children === undefined) return { end: endFor([first.call]), causes: [first.call] };
    if (what === 'length') return { end: 'success', value: children.length };
    this.#tell(first.call);
    for (const child of children) this.#tell(child);
    const states = children.map((call) => stateOf({ call, part: undefined }));
    return { end: 'success', value: what === 'states' ? states : states.flatMap((state) => ('value' in state ? [state.value] : [])) };
  }

  /** One child of a map: it ends as that one does, or as a map that never had any. */
  #elementOf(map: Call, index: number): Call {
    const source = map.children ? map.children.at(index) : map;
    if (source === undefined) return this.#failedStep(`${map.id}[${index}]`);
    if (hasValue(source)) return { end: 'success', value: source.value };
    return { end: source.end === 'timed-out' ? 'failed' : source.end, causes: [source] };
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
    const kept = this.#keptFromRunning() ?? lostAmong([ref]);
    if (kept) return kept;
    const value = valueAt(ref);
    if (value === 'a' || value === 'b') return copyOf({ call: results[value], part: undefined });
    return this.#failedStep('match()');
  }

  /** A step between tasks that fails by itself. */
  #failedStep(called: string): Call {
    return this.#ended({ id: `${this.#prefix}step ${this.#steps++}`, called, end: 'failed', isRoot: true });
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
    if (!isGiven(given)) return this.#ended({ id: name, end: 'failed', attempts: 1, isRoot: true });
    return this.#ended({ id: name, end: 'success', attempts: 1, value: [given.value] });
  }
}

type Column =
  | { readonly kind: 'same'; readonly of: Ref }
  /** Undefined: it is no list. */
  | { readonly kind: 'list'; readonly elements: readonly Element[] | undefined };
