/** Each text once: columns hold numbers in its place, because thousands of task runs share names, reasons and values. */
export class TextPool {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  /** The text's number; -1 for none. */
  add(text: string | undefined): number {
    if (text === undefined) return -1;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }
}
