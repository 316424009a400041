import type { Import, Item, ModuleCode } from './module-code.js';
import type { Sources } from './sources.js';

/** What a name of a module stands for. */
export type Target =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  /** A module as a value: all that it exports. */
  | { readonly kind: 'namespace'; readonly module: ModuleCode }
  | { readonly kind: 'asset'; readonly path: string; readonly unsure?: string }
  | { readonly kind: 'package'; readonly name: string; readonly version: string; readonly text: string }
  /** Nothing to follow: its name says what it is. */
  | { readonly kind: 'name'; readonly text: string; readonly unsure?: string };

const MISSING: Target = { kind: 'name', text: 'missing' };

/** Follows names through imports, re-exports and barrels to what they stand for. */
export class Links {
  readonly #sources: Sources;
  readonly #targets = new Map<ModuleCode, Map<string, Target>>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** @param member the only member of it that is used, where it turns out to be a namespace */
  target(module: ModuleCode, name: string, member?: string): Target {
    let targets = this.#targets.get(module);
    if (targets === undefined) {
      targets = new Map();
      this.#targets.set(module, targets);
    }
    const key = member === undefined ? name : `${name}.${member}`;
    let target = targets.get(key);
    if (target === undefined) {
      target = this.#find(module, name, member);
      targets.set(key, target);
    }
    return target;
  }

  #find(module: ModuleCode, name: string, member: string | undefined): Target {
    const items = module.declared(name);
    if (items !== undefined) return { kind: 'items', items };
    if (module.isOwnExports(name)) {
      return name === 'exports' && member !== undefined ? this.#exported(module, member, undefined, new Set()) : { kind: 'namespace', module };
    }
    const from = module.imports.get(name);
    return from === undefined ? { kind: 'name', text: 'global' } : this.#imported(module, from, member, new Set());
  }

  /** What `import('x')` or `require('x')` gives. */
  module(importer: ModuleCode, specifier: string): Target {
    return this.#imported(importer, { specifier, imported: '*' }, undefined, new Set());
  }

  /** All that a module gives away, by name; a CommonJS module may give away anything. */
  exportsOf(module: ModuleCode): readonly (readonly [name: string, target: Target])[] {
    if (module.isOpaque) return module.items.map((item) => [String(item.place), { kind: 'items', items: [item] }]);
    if (module.isCommonJs)
      return [...module.exports].map(([name, local]) => [name, { kind: 'items', items: module.declared(local as string) ?? [] }]);
    const names = new Set<string>();
    this.#exportedNames(module, names, new Set());
    const found: [string, Target][] = [...names].map((name) => [name, this.#exported(module, name, undefined, new Set())]);
    for (const specifier of this.#outsideStars(module, new Set())) {
      found.push([`* ${specifier.text}`, specifier]);
    }
    return found;
  }

  #imported(module: ModuleCode, { specifier, imported }: Import, member: string | undefined, seen: Set<string>): Target {
    const resolved = this.#sources.resolve(module.path, specifier);
    const text = `${specifier.replace(/^node:/, '')}#${imported}`;
    switch (resolved.kind) {
      case 'builtin':
        return { kind: 'name', text };
      case 'unresolved':
        return { kind: 'name', text: `unresolved ${text}`, unsure: `'${specifier}' of ${module.path} is not found` };
      case 'package':
        return { kind: 'package', name: resolved.name, version: resolved.version, text };
      case 'asset':
        return { kind: 'asset', path: resolved.path };
    }
    const target = this.#sources.module(resolved.path);
    // What does not parse counts by its bytes.
    if (typeof target === 'string') return { kind: 'asset', path: resolved.path, unsure: target };
    if (imported !== '*') return this.#exported(target, imported, member, seen);
    return member === undefined || target.isOpaque ? { kind: 'namespace', module: target } : this.#exported(target, member, undefined, seen);
  }

  #exported(module: ModuleCode, name: string, member: string | undefined, seen: Set<string>): Target {
    if (module.isOpaque) return { kind: 'namespace', module };
    // What is imported by default of CommonJS is all that it gives, or what a compiler called so.
    if (name === 'default' && module.isCommonJs) {
      return member === undefined || module.exports.has(name) ? { kind: 'namespace', module } : this.#exported(module, member, undefined, seen);
    }
    const key = `${module.path}\n${name}`;
    // Barrels may pass a name around in a circle.
    if (seen.has(key)) return MISSING;
    seen.add(key);
    const own = module.exports.get(name);
    if (typeof own === 'object') return this.#imported(module, own, member, seen);
    if (own !== undefined) {
      const items = module.declared(own);
      if (items !== undefined) return { kind: 'items', items };
      const from = module.imports.get(own);
      return from === undefined ? MISSING : this.#imported(module, from, member, seen);
    }
    return name === 'default' ? MISSING : this.#starred(module, name, member, seen);
  }

  /** A package may or may not have it: only when no file of the project does. */
  #starred(module: ModuleCode, name: string, member: string | undefined, seen: Set<string>): Target {
    let other = MISSING;
    for (const specifier of module.stars) {
      const target = this.#imported(module, { specifier, imported: name }, member, seen);
      if (target.kind === 'items' || target.kind === 'namespace' || target.kind === 'asset') return target;
      if (other === MISSING) other = target;
    }
    return other;
  }

  #exportedNames(module: ModuleCode, names: Set<string>, seen: Set<ModuleCode>): void {
    if (seen.has(module)) return;
    seen.add(module);
    const isStarred = seen.size > 1;
    for (const name of module.exports.keys()) if (!(isStarred && name === 'default')) names.add(name);
    for (const specifier of module.stars) {
      const inside = this.#starModule(module, specifier);
      if (inside !== undefined) this.#exportedNames(inside, names, seen);
    }
  }

  #starModule(module: ModuleCode, specifier: string): ModuleCode | undefined {
    const resolved = this.#sources.resolve(module.path, specifier);
    if (resolved.kind !== 'module') return undefined;
    const target = this.#sources.module(resolved.path);
    return typeof target === 'string' ? undefined : target;
  }

  #outsideStars(module: ModuleCode, seen: Set<ModuleCode>): readonly (Target & { readonly kind: 'package' })[] {
    if (seen.has(module)) return [];
    seen.add(module);
    return module.stars.flatMap((specifier) => {
      const inside = this.#starModule(module, specifier);
      if (inside !== undefined) return this.#outsideStars(inside, seen);
      const target = this.#imported(module, { specifier, imported: '*' }, undefined, new Set());
      return target.kind === 'package' ? [target] : [];
    });
  }
}
