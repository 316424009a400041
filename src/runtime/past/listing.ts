import { inspect } from 'node:util';
import { JUPYTER_DISPLAY } from '../../base/jupyter.js';
import type { Listing } from '../../flow/past.js';
import { terminalText } from '../../log/terminal-text.js';
import { type Displayed, Shown, tableOf } from './display.js';

/** So many are shown in a notebook. */
const SHOWN = 20;

/** Asked for anew each time it is gone through. */
export class AskedListing<T> implements Listing<T> {
  readonly #what: string;
  readonly #ask: () => AsyncIterable<T>;

  constructor(what: string, ask: () => AsyncIterable<T>) {
    this.#what = what;
    this.#ask = ask;
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#ask()[Symbol.asyncIterator]();
  }

  async toArray(): Promise<readonly T[]> {
    const all: T[] = [];
    for await (const one of this) all.push(one);
    return all;
  }

  [inspect.custom](): string {
    return `Listing of ${terminalText(this.#what)} { await .toArray(), or for await }`;
  }

  /** Nobody waits for a REPL, but a notebook does: it shows the first of them. */
  async [JUPYTER_DISPLAY](): Promise<Displayed> {
    const first: T[] = [];
    let more = false;
    for await (const one of this) {
      more = first.length === SHOWN;
      if (more) break;
      first.push(one);
    }
    const caption = `${this.#what}${more ? `, the first ${SHOWN}` : ''}`;
    const facts = first.map((one) => (one instanceof Shown ? one.cells() : { kind: '', title: String(one), facts: [] }));
    return { 'text/plain': [caption, ...facts.map(({ title }) => `  ${terminalText(title)}`)].join('\n'), 'text/html': tableOf(facts, caption) };
  }
}
