/** Tasks chosen by name, or by a pattern in which `*` stands for any text: `clean`, `train-*`. */
export class TaskSelection {
  readonly #names = new Set<string>();
  readonly #patterns: RegExp[] = [];

  constructor(names: Iterable<string> = []) {
    for (const name of names) {
      if (name.includes('*')) this.#patterns.push(new RegExp(`^${name.split('*').map(escaped).join('.*')}$`, 's'));
      else this.#names.add(name);
    }
  }

  get isEmpty(): boolean {
    return this.#names.size === 0 && this.#patterns.length === 0;
  }

  has(task: string): boolean {
    // Asked of every call of a run, and mostly nothing was chosen.
    if (this.isEmpty) return false;
    return this.#names.has(task) || this.#patterns.some((pattern) => pattern.test(task));
  }
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}
