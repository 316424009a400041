import type { RunModel } from './run-model.js';

type Listener = (place: number | undefined) => void;

/** Which task run is looked at: one for the whole page, and part of its address, so that it can be linked to. */
export class Choice {
  readonly #model: RunModel;
  readonly #listeners: Listener[] = [];
  #place: number | undefined;

  constructor(model: RunModel) {
    this.#model = model;
    window.addEventListener('hashchange', () => this.#fromAddress());
  }

  get place(): number | undefined {
    return this.#place;
  }

  /** Told now, where the address names one already, and whenever it changes. */
  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  choose(place: number | undefined): void {
    if (place === this.#place) return;
    this.#place = place;
    // Not `location.hash`: the page would jump to a part of that name.
    history.replaceState(null, '', place === undefined ? ' ' : `#task=${encodeURIComponent(this.#model.id(place))}`);
    for (const listener of this.#listeners) listener(place);
  }

  begin(): void {
    this.#fromAddress();
  }

  #fromAddress(): void {
    const id = /^#task=(.*)$/.exec(location.hash)?.[1];
    if (id === undefined) return;
    this.choose(this.#model.placeOf(decoded(id)));
  }
}

/** As it is where somebody has cut an address in the middle of an escape. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
