import type { CacheEntryRow } from '../model/records.js';
import { hiddenDigest, type InputDigests, sameDigest } from './inputs.js';

/** Newest entries that are compared one by one. */
const COMPARED = 50;

/** The call that a miss is explained by. */
export interface EarlierCall {
  readonly entry: CacheEntryRow;
  /** Several of that run are equally alike: which one has become this call, nobody can say. */
  readonly isOneOfMany: boolean;
}

export interface CallAsked {
  readonly inputs: InputDigests;
  /** Names of the inputs that have a say in the key. */
  readonly counted: readonly string[];
  /** Its place among the nodes of the run: in a flow that has not changed, that of the earlier call too. */
  readonly place: number | undefined;
}

/**
 * Earlier results of a task, to find the one that a call is most alike to (S27): one of the same inputs, whatever its code, tells best what would
 * have had to stay; else of the same code, with as few other inputs as can be; the newest of equals.
 */
export class EarlierCalls {
  /** Of the code that is asked about, newest first. */
  readonly #own: readonly CacheEntryRow[];
  /** Of other code. */
  readonly #others: readonly CacheEntryRow[];
  /** By the names that count, entries by their inputs. */
  readonly #byInputs = new Map<string, ReadonlyMap<string, CacheEntryRow>>();

  constructor(own: readonly CacheEntryRow[], others: readonly CacheEntryRow[]) {
    this.#own = own;
    this.#others = others;
  }

  closest(call: CallAsked): EarlierCall | undefined {
    const same = this.#sameInputs(call);
    return same === undefined ? this.#mostAlike(call) : { entry: same, isOneOfMany: false };
  }

  #sameInputs({ inputs, counted }: CallAsked): CacheEntryRow | undefined {
    const names = counted.join('\n');
    let known = this.#byInputs.get(names);
    if (known === undefined) {
      const entries = new Map<string, CacheEntryRow>();
      // Those of the same code win, and the newest of each: who comes later takes the place.
      for (const list of [this.#others, this.#own]) for (const entry of list.toReversed()) entries.set(inputsText(entry.inputs, counted), entry);
      known = entries;
      this.#byInputs.set(names, known);
    }
    return known.get(inputsText(inputs, counted));
  }

  #mostAlike(call: CallAsked): EarlierCall | undefined {
    let alike: CacheEntryRow[] = [];
    let fewest = Number.POSITIVE_INFINITY;
    const compare = (entry: CacheEntryRow, isOther: number): void => {
      const differences = 2 * countChanged(entry.inputs, call) + isOther;
      if (differences < fewest) [alike, fewest] = [[entry], differences];
      else if (differences === fewest) alike.push(entry);
    };
    for (let at = 0; at < COMPARED && at < this.#own.length; at++) compare(this.#own[at] as CacheEntryRow, 0);
    for (let at = 0; at < COMPARED && at < this.#others.length; at++) compare(this.#others[at] as CacheEntryRow, 1);
    const [newest] = alike;
    if (newest === undefined) return undefined;
    const ofRun = alike.filter(({ run, taskVersion }) => run === newest.run && taskVersion === newest.taskVersion);
    const inPlace = ofRun.find(({ index }) => index === call.place);
    return { entry: inPlace ?? newest, isOneOfMany: inPlace === undefined && ofRun.length > 1 };
  }
}

function countChanged(before: InputDigests, { inputs, counted }: CallAsked): number {
  let count = 0;
  for (const name of counted) if (!sameDigest(before[name]?.digest, inputs[name]?.digest)) count++;
  return count;
}

/** Digests and names of parameters hold no line ends. */
function inputsText(inputs: InputDigests, names: readonly string[]): string {
  let text = '';
  for (const name of names) text += `${hiddenDigest(inputs[name]?.digest ?? '')}\n`;
  return text;
}
