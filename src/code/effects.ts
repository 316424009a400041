import type { Links, Target } from './links.js';
import { type Item, isState, type ModuleCode } from './module-code.js';
import { runsWhenLoaded } from './read-region.js';
import type { Region } from './region.js';
import type { Sources } from './sources.js';

/** A top-level statement that does something when its module is loaded, and what it may change. */
export interface Effect {
  readonly item: Item;
  readonly changes: ReadonlySet<Item>;
  /** Names of packages. */
  readonly changesPackages: ReadonlySet<string>;
  /** What every module sees. */
  readonly changesGlobals: boolean;
}

/** Finds what modules do when they are loaded. When unsure, a statement changes what it mentions. */
export class Effects {
  readonly #sources: Sources;
  readonly #links: Links;
  readonly #byModule = new Map<ModuleCode, readonly Effect[]>();
  readonly #loaded = new Map<ModuleCode, readonly ModuleCode[]>();

  constructor(sources: Sources, links: Links) {
    this.#sources = sources;
    this.#links = links;
  }

  of(module: ModuleCode): readonly Effect[] {
    let effects = this.#byModule.get(module);
    if (effects === undefined) {
      effects = module.items.filter((item) => mayRun(item) && runsWhenLoaded(item.node, module)).map((item) => this.#effect(item));
      this.#byModule.set(module, effects);
    }
    return effects;
  }

  /** The module and all files of the project that are loaded with it. */
  loadedWith(module: ModuleCode): readonly ModuleCode[] {
    let loaded = this.#loaded.get(module);
    if (loaded === undefined) {
      const found = new Set([module]);
      for (const one of found) for (const next of this.#dependencies(one)) found.add(next);
      loaded = [...found];
      this.#loaded.set(module, loaded);
    }
    return loaded;
  }

  #dependencies(module: ModuleCode): readonly ModuleCode[] {
    return module.dependencies.flatMap((specifier) => {
      const resolved = this.#sources.resolve(module.path, specifier);
      const next = resolved.kind === 'module' ? this.#sources.module(resolved.path) : '';
      return typeof next === 'string' ? [] : [next];
    });
  }

  #effect(item: Item): Effect {
    const changes = new Set<Item>();
    const changesPackages = new Set<string>();
    let changesGlobals = false;
    // What it calls is run with it, and so on.
    for (const one of this.#followed(item)) {
      const region = one.module.region(one);
      changesGlobals ||= region.changesGlobals;
      this.#note(one, region, changes, changesPackages);
    }
    changes.delete(item);
    return { item, changes: this.#withShared(changes), changesPackages, changesGlobals };
  }

  #note(item: Item, region: Region, changes: Set<Item>, packages: Set<string>): void {
    for (const name of [...region.touches, ...region.calledOn]) for (const target of this.#items(item.module, name)) changes.add(target);
    for (const name of [...region.touches, ...region.calledForEffect]) {
      const target = this.#links.target(item.module, name);
      if (target.kind === 'package') packages.add(target.name);
    }
  }

  /** Everything that runs, or may run, when the item does. */
  #followed(item: Item): ReadonlySet<Item> {
    const found = new Set([item]);
    for (const one of found) {
      for (const { name, isDeferred } of one.module.region(one).uses) {
        if (!isDeferred) for (const next of this.#items(one.module, name)) found.add(next);
      }
    }
    return found;
  }

  /** A value may be another one's under a second name, or hold it: what is changed through it is changed there too. */
  #withShared(changes: ReadonlySet<Item>): ReadonlySet<Item> {
    const found = new Set(changes);
    for (const one of changes) {
      if (one.node.type === 'ClassDeclaration' || !isState(one)) continue;
      for (const next of this.#followed(one)) if (isState(next)) found.add(next);
    }
    return found;
  }

  #items(module: ModuleCode, name: string): readonly Item[] {
    return itemsOf(this.#links.target(module, name));
  }
}

function itemsOf(target: Target): readonly Item[] {
  if (target.kind === 'items') return target.items;
  return target.kind === 'namespace' ? target.module.items : [];
}

/** Declaring a function or an enum does nothing. */
function mayRun({ node }: Item): boolean {
  return node.type !== 'FunctionDeclaration' && node.type !== 'TSEnumDeclaration';
}
