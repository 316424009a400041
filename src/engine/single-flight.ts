/** Identical cached calls of one run: the first of a key leads, the others follow and are looked at again when it has settled (S24). */
export class SingleFlight {
  readonly #leaders = new Map<string, number>();
  readonly #keys = new Map<number, string>();
  readonly #followers = new Map<number, number[]>();

  /** True: the node leads and is to execute. False: it waits for the one that does. */
  join(key: string, node: number): boolean {
    const leader = this.#leaders.get(key);
    if (leader === undefined || leader === node) {
      this.#leaders.set(key, node);
      this.#keys.set(node, key);
      return true;
    }
    const followers = this.#followers.get(leader);
    if (followers) followers.push(node);
    else this.#followers.set(leader, [node]);
    return false;
  }

  keyOf(node: number): string | undefined {
    return this.#keys.get(node);
  }

  /** The leader has settled: gives back who waited for it, if somebody did. */
  leave(node: number): readonly number[] | undefined {
    const key = this.#keys.get(node);
    if (key === undefined) return undefined;
    this.#keys.delete(node);
    if (this.#leaders.get(key) === node) this.#leaders.delete(key);
    const followers = this.#followers.get(node);
    this.#followers.delete(node);
    return followers;
  }
}
