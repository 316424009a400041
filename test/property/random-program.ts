import fc from 'fast-check';
import { TRIGGER_RULES, type TriggerRuleName } from '../../src/model/trigger-rule.js';

// What a random flow's body says, as data: `program-flow.ts` makes a flow of it, `reference-run.ts` works out what must come of that.

/** An earlier step's future, or a part of it. */
export interface Source {
  readonly step: number;
  readonly part: number | undefined;
}

/** What a task does; which of several is decided by its arguments. */
export type Does = 'text' | 'list' | 'yes' | 'no' | 'key' | 'throw' | 'fatal' | 'skip' | 'hang';
/** `most`: a function, which lets the task run when most of its inputs have a value. */
export type Rule = TriggerRuleName | 'most';

export interface Traits {
  readonly does: readonly Does[];
  readonly isAsync: boolean;
  readonly retries: number;
  /** How many attempts throw before it does what it does. */
  readonly flaky: number;
  readonly cached: boolean;
  readonly rule: Rule | undefined;
  readonly skipOnUpstreamSkip: boolean | undefined;
  readonly handles: boolean;
  readonly priority: number;
  /** Names of the limits it holds. */
  readonly limits: readonly ('one' | 'two')[];
}

export interface TaskStep {
  readonly kind: 'task';
  readonly id: number;
  readonly inputs: readonly Source[];
  /** Handed over in one list, as one argument. */
  readonly isGathered: boolean;
  readonly after: readonly Source[];
  readonly traits: Traits;
}

export type MapArgument =
  /** Undefined: a text of its own. */
  | { readonly kind: 'literal'; readonly items: readonly (Source | undefined)[] }
  | { readonly kind: 'future'; readonly of: Source }
  | { readonly kind: 'unmapped'; readonly of: Source };

export interface MapStep {
  readonly kind: 'map';
  readonly id: number;
  readonly lists: readonly MapArgument[];
  readonly after: readonly Source[];
  readonly concurrency: number | undefined;
  readonly maxSplits: number | undefined;
  readonly hasKey: boolean;
  readonly traits: Traits;
}

/** `at`, `length`, `states` and `successes` are of a map. */
export type DerivedKind = 'all' | 'orElse' | 'outcome' | 'merge' | 'at' | 'length' | 'states' | 'successes';

export interface DerivedStep {
  readonly kind: 'derived';
  readonly id: number;
  readonly what: DerivedKind;
  readonly inputs: readonly Source[];
  /** Of the child that `at` asks for. */
  readonly index: number;
}

export interface WhenStep {
  readonly kind: 'when';
  readonly id: number;
  readonly condition: Source;
  readonly yes: Block;
  readonly no: Block | undefined;
}

export interface MatchStep {
  readonly kind: 'match';
  readonly id: number;
  readonly key: Source;
  readonly cases: { readonly a: Block; readonly b: Block };
}

export interface SequenceStep {
  readonly kind: 'sequence';
  readonly id: number;
  readonly blocks: readonly Block[];
}

/** The first task inside is handed the parameter. */
export interface SubflowStep {
  readonly kind: 'subflow';
  readonly id: number;
  readonly parameter: Source;
  readonly entry: TaskStep;
  readonly block: Block;
}

export type Step = TaskStep | MapStep | DerivedStep | WhenStep | MatchStep | SequenceStep | SubflowStep;

export interface Block {
  readonly steps: readonly Placed[];
  readonly gives: Source;
}

/** A step in its body. */
export interface Placed {
  readonly step: Step;
  /** The body waits for it before it goes on. */
  readonly awaited: 'value' | 'settled' | undefined;
}

/** The body of a flow. */
export type Program = Block;

/** Rules that may fire before all inputs have settled. What such a task is handed depends on who is faster, so it does not look at it. */
export function firesEarly({ rule, skipOnUpstreamSkip }: Traits): boolean {
  return (rule === 'any-success' || rule === 'any-failed') && skipOnUpstreamSkip !== true;
}

/** Every step of a program, also inside others. */
export function* stepsOf({ steps }: Block): Generator<Step> {
  for (const { step } of steps) {
    yield step;
    if (step.kind === 'subflow') yield step.entry;
    for (const block of blocksOf(step)) yield* stepsOf(block);
  }
}

function blocksOf(step: Step): readonly Block[] {
  if (step.kind === 'when') return step.no ? [step.yes, step.no] : [step.yes];
  if (step.kind === 'match') return Object.values(step.cases);
  if (step.kind === 'sequence') return step.blocks;
  return step.kind === 'subflow' ? [step.block] : [];
}

// ── as fast-check makes them: choices as numbers, which `place` turns into steps that exist ──

interface Choices {
  readonly kind: Step['kind'];
  readonly what: DerivedKind;
  readonly seeds: readonly number[];
  readonly parts: readonly (number | undefined)[];
  readonly afterSeeds: readonly number[];
  readonly lists: readonly { readonly kind: MapArgument['kind']; readonly seed: number; readonly items: readonly (number | undefined)[] }[];
  readonly isGathered: boolean;
  readonly concurrency: number | undefined;
  readonly maxSplits: number | undefined;
  readonly hasKey: boolean;
  readonly traits: Traits;
  readonly awaited: Placed['awaited'];
  readonly blocks: readonly (readonly Choices[])[];
}

export interface Wishes {
  /** Nothing fails, skips or is tried again, and every rule is the usual one. */
  readonly calm?: boolean;
  /** No rules that fire early. */
  readonly patient?: boolean;
}

const rarely = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

const CALM: readonly Does[] = ['text', 'text', 'list', 'list', 'yes', 'no', 'key'];
const TROUBLE: readonly Does[] = ['throw', 'throw', 'fatal', 'skip', 'skip', 'hang'];
const EARLY: readonly Rule[] = ['any-success', 'any-failed'];

function traits({ calm = false, patient = false }: Wishes): fc.Arbitrary<Traits> {
  const rules = [...TRIGGER_RULES, 'most' as const].filter((rule) => !patient || !EARLY.includes(rule));
  const does = calm ? fc.constantFrom(...CALM) : fc.constantFrom(...CALM, ...CALM, ...TROUBLE);
  const never = fc.constant(undefined);
  return fc.record({
    does: fc.array(does, { minLength: 1, maxLength: 3 }),
    isAsync: fc.boolean(),
    retries: calm ? fc.constant(0) : fc.constantFrom(0, 0, 0, 1, 2),
    flaky: calm ? fc.constant(0) : fc.constantFrom(0, 0, 0, 0, 1, 2),
    cached: fc.boolean(),
    rule: calm ? never : fc.oneof({ weight: 3, arbitrary: never }, { weight: 2, arbitrary: fc.constantFrom(...rules) }),
    skipOnUpstreamSkip: calm ? never : rarely(fc.boolean()),
    handles: fc.constantFrom(false, false, true),
    priority: fc.constantFrom(0, 0, 0, 1, -1),
    limits: fc.constantFrom<Traits['limits'][]>([], [], [], ['one'], ['two'], ['one', 'two']),
  });
}

function choices(wishes: Wishes): fc.Arbitrary<readonly Choices[]> {
  const part = rarely(fc.nat({ max: 2 }));
  const list = fc.record({
    kind: fc.constantFrom<MapArgument['kind'][]>('future', 'future', 'future', 'literal', 'unmapped'),
    seed: fc.nat(),
    items: fc.array(rarely(fc.nat()), { maxLength: 4 }),
  });
  const { block } = fc.letrec<{ block: readonly Choices[]; step: Choices; blocks: readonly (readonly Choices[])[] }>((tie) => ({
    blocks: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('block') as fc.Arbitrary<readonly Choices[]>, { minLength: 2, maxLength: 3 })),
    step: fc.record({
      kind: fc.constantFrom<Step['kind'][]>(
        'task',
        'task',
        'task',
        'task',
        'map',
        'map',
        'map',
        'derived',
        'derived',
        'when',
        'match',
        'sequence',
        'subflow',
      ),
      what: fc.constantFrom<DerivedKind[]>('all', 'orElse', 'outcome', 'merge', 'at', 'at', 'length', 'states', 'successes'),
      seeds: fc.array(fc.nat(), { maxLength: 3 }),
      parts: fc.array(part, { maxLength: 3 }),
      afterSeeds: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(fc.nat(), { maxLength: 2 }) }),
      lists: fc.array(list, { minLength: 1, maxLength: 2 }),
      isGathered: fc.boolean(),
      concurrency: rarely(fc.constantFrom(1, 2)),
      maxSplits: rarely(fc.constantFrom(0, 2)),
      hasKey: fc.boolean(),
      traits: traits(wishes),
      awaited: rarely(fc.constantFrom<Placed['awaited'][]>('value', 'settled')),
      blocks: tie('blocks') as fc.Arbitrary<readonly (readonly Choices[])[]>,
    }),
    block: fc.array(tie('step') as fc.Arbitrary<Choices>, { minLength: 1, maxLength: 4 }),
  }));
  return fc.array(block, { minLength: 1, maxLength: 5 }).map((parts) => parts.flat());
}

export function programs(wishes: Wishes = {}): fc.Arbitrary<Program> {
  return choices(wishes).map((list) => placeBlock(list, new Names(), [], true));
}

/** Counts the steps of a program. */
class Names {
  #next = 0;

  next(): number {
    return this.#next++;
  }
}

interface Known {
  readonly step: number;
  readonly isMap: boolean;
}

function placeBlock(list: readonly Choices[], names: Names, before: readonly Known[], mayAwait: boolean): Block {
  const known = [...before];
  const steps: Placed[] = [];
  for (const chosen of list) {
    const step = place(chosen, names, known, chosen.kind);
    known.push({ step: step.id, isMap: step.kind === 'map' });
    steps.push({ step, awaited: mayAwait ? chosen.awaited : undefined });
  }
  return { steps, gives: { step: (known.at(-1) as Known).step, part: undefined } };
}

function place(chosen: Choices, names: Names, known: readonly Known[], kind: Step['kind']): Step {
  const { seeds, parts, traits, blocks } = chosen;
  const source = (seed: number, part?: number): Source => ({ step: (known[seed % known.length] as Known).step, part });
  const sources = (from: readonly number[]): Source[] => (known.length === 0 ? [] : from.map((seed, at) => source(seed, parts[at])));
  const first = (): Source => source(seeds[0] ?? 0, parts[0]);
  const isNested = kind === 'when' || kind === 'match' || kind === 'sequence' || kind === 'subflow';
  if ((isNested && blocks.length < 2) || (known.length === 0 && kind !== 'task' && kind !== 'map')) return place(chosen, names, known, 'task');
  const inside = (at: number, scope = known, mayAwait = false): Block => placeBlock(blocks[at] as readonly Choices[], names, scope, mayAwait);
  if (kind === 'when') return { kind, id: names.next(), condition: first(), yes: inside(0), no: blocks.length > 2 ? inside(1) : undefined };
  if (kind === 'match') return { kind, id: names.next(), key: first(), cases: { a: inside(0), b: inside(1) } };
  if (kind === 'sequence') return { kind, id: names.next(), blocks: blocks.map((_, at) => inside(at)) };
  if (kind === 'derived') return placeDerived(chosen, names, known, sources(seeds.length === 0 ? [0] : seeds));
  const after = sources(chosen.afterSeeds).map(({ step }) => ({ step, part: undefined }));
  if (kind === 'map') {
    const lists = chosen.lists.map((list, at) => placeList(list, at, known, source));
    const { concurrency, maxSplits, hasKey } = chosen;
    return { kind, id: names.next(), lists, after, concurrency, maxSplits, hasKey, traits };
  }
  if (kind === 'subflow') {
    const entry: TaskStep = { kind: 'task', id: names.next(), inputs: [], isGathered: false, after: [], traits };
    return { kind, id: names.next(), parameter: first(), entry, block: inside(0, [{ step: entry.id, isMap: false }], true) };
  }
  return { kind: 'task', id: names.next(), inputs: sources(seeds), isGathered: chosen.isGathered, after, traits };
}

/** The first is a list: a map of nothing but `unmapped` is refused where it is called. */
function placeList(list: Choices['lists'][number], at: number, known: readonly Known[], source: (seed: number) => Source): MapArgument {
  const kind = known.length === 0 || (at === 0 && list.kind === 'unmapped') ? 'literal' : list.kind;
  if (kind === 'literal') return { kind, items: list.items.map((seed) => (seed === undefined || known.length === 0 ? undefined : source(seed))) };
  return { kind, of: source(list.seed) };
}

function placeDerived({ what, seeds }: Choices, names: Names, known: readonly Known[], inputs: readonly Source[]): DerivedStep {
  const id = names.next();
  const [first = 0, second = 0] = seeds;
  const index = (second % 5) - 2;
  if (what === 'all' || what === 'orElse' || what === 'outcome' || what === 'merge') return { kind: 'derived', id, what, inputs, index };
  const maps = known.filter(({ isMap }) => isMap);
  if (maps.length === 0) return { kind: 'derived', id, what: 'all', inputs, index };
  return { kind: 'derived', id, what, inputs: [{ step: (maps[first % maps.length] as Known).step, part: undefined }], index };
}
