import type { Door, Given, Heir, Stretch } from './given.js';
import { ANY_METHOD } from './member-names.js';
import type { Item, ModuleCode } from './module-code.js';

/**
 * What one look at a task's code finds to be reached through values that it is given. A member's name stands for every method of that name that
 * may come through a door; and where any member of it is named, what makes the values counts too.
 */
export class ByValue {
  readonly #given: Given;
  readonly #names = new Set<string>();
  readonly #modules = new Set<ModuleCode>();
  readonly #doors = new Set<Door>();
  readonly #heirs = new Set<Heir>();
  readonly #taught = new Set<Item>();
  readonly #reached = new Set<Stretch>();
  #isOpen = false;

  constructor(given: Given) {
    this.#given = given;
  }

  /** These names are used by what is reached. */
  note(names: ReadonlySet<string>): void {
    for (const name of names) this.#names.add(name);
  }

  /** A module that is loaded with what is reached: values may come through its doors. */
  enter(module: ModuleCode): void {
    if (this.#modules.has(module)) return;
    this.#modules.add(module);
    for (const heir of this.#given.heirsOf(module)) this.#heirs.add(heir);
    for (const door of this.#given.doorsOf(module)) this.#add(door);
  }

  /** What is reached by now and was not before. */
  due(isReached: (item: Item) => boolean): readonly Stretch[] {
    if (this.#doors.size === 0) return [];
    this.#addHeirs();
    const found: Stretch[] = [];
    const reach = (stretch: Stretch): void => {
      if (this.#reached.has(stretch)) return;
      this.#reached.add(stretch);
      found.push(stretch);
    };
    const isAny = this.#names.has(ANY_METHOD);
    for (const door of this.#doors) {
      const { keys, methods, taught } = door;
      if (isAny || [...keys].some((key) => this.#names.has(key)) || [...taught].some(isReached)) reach(door);
      for (const [name, stretches] of methods) if (isAny || this.#names.has(name)) stretches.forEach(reach);
    }
    return found;
  }

  #add(door: Door): void {
    this.#doors.add(door);
    for (const item of door.taught) this.#taught.add(item);
    this.#isOpen ||= door.isOpen;
  }

  #addHeirs(): void {
    for (let isGrown = true; isGrown; ) {
      isGrown = false;
      for (const heir of this.#heirs) {
        if (!this.#isOpen && !heir.base.some((item) => this.#taught.has(item))) continue;
        this.#heirs.delete(heir);
        this.#add(this.#given.doorOf(heir.item));
        isGrown = true;
      }
    }
  }
}
