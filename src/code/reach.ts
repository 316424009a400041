import { digest128 } from '../base/digest.js';
import { ByValue } from './by-value.js';
import type { CodePiece } from './code-part.js';
import type { Effect, Effects } from './effects.js';
import type { Given, Stretch } from './given.js';
import type { Links, Target } from './links.js';
import type { ModuleReads } from './load-reads.js';
import { localCode } from './local-code.js';
import { type Item, type ModuleCode, pieceText } from './module-code.js';
import { functionOfTask } from './own-calls.js';
import { MODULE, nameOf, type Piece, textOf } from './piece.js';
import { readRegion } from './read-region.js';
import type { Region, Use } from './region.js';
import type { Binding, Scope } from './scopes.js';
import { SCHEME } from './site-code.js';
import { skeletonOf } from './skeleton.js';
import { scopesAround } from './source-tree.js';
import type { Sources } from './sources.js';
import type { SyntaxNode } from './syntax.js';

/** Where to begin: a function, or another expression that gives one. */
export interface Start {
  readonly module: ModuleCode;
  readonly node: SyntaxNode;
  readonly name: string;
  /** Scopes around it, the innermost first, without the module's. */
  readonly outer: readonly Scope[];
}

export interface ReachParts {
  readonly sources: Sources;
  readonly links: Links;
  readonly effects: Effects;
  readonly given: Given;
  readonly moduleReads: ModuleReads;
  /** How a file is called in pieces. */
  readonly shownAs: (path: string) => string;
}

export interface Reached {
  readonly digest: string;
  readonly pieces: readonly CodePiece[];
  readonly packages: Readonly<Record<string, string>>;
  readonly unsure: string | undefined;
  readonly captured: readonly string[];
  /** Every file that has a say: those of pieces, and all that are loaded with them. */
  readonly files: readonly string[];
}

/**
 * Everything that functions reach, as one digest. Pieces are numbered as they are found and refer to each other by number, so that neither
 * the names of files nor where a project lies count, and two helpers that swap their names do.
 * @param roots modules whose top-level statements have run too, though nothing imports them from here
 * @param isFlow tasks count with their options, since they run as tasks; in a task's body they are plain functions
 */
export function reach(parts: ReachParts, starts: readonly Start[], roots: readonly ModuleCode[], isFlow: boolean): Reached {
  return new Walk(parts, isFlow).walk(starts, roots);
}

class Walk {
  readonly #parts: ReachParts;
  readonly #isFlow: boolean;
  readonly #pieces: Piece[] = [];
  /** By the item, the node or the path that they are. */
  readonly #numbers = new Map<object | string, number>();
  readonly #lines: string[] = [];
  readonly #packages = new Map<string, Set<string>>();
  readonly #captured = new Set<string>();
  readonly #modules = new Set<ModuleCode>();
  /** That are no code. */
  readonly #files = new Set<string>();
  readonly #loaded = new Set<ModuleCode>();
  readonly #byValue: ByValue;
  #unsure: string | undefined;
  #next = 0;

  constructor(parts: ReachParts, isFlow: boolean) {
    this.#parts = parts;
    this.#isFlow = isFlow;
    this.#byValue = new ByValue(parts.given);
  }

  walk(starts: readonly Start[], roots: readonly ModuleCode[]): Reached {
    for (const start of starts) this.#start(start);
    for (const root of [...starts.map(({ module }) => module), ...roots]) this.#load(root);
    this.#follow();
    const pending = new Set<Effect>();
    const seen = new Set<ModuleCode>();
    for (let grown = true; grown; ) {
      for (const module of this.#loaded) {
        if (seen.has(module)) continue;
        seen.add(module);
        for (const effect of this.#parts.effects.of(module)) pending.add(effect);
        this.#byValue.enter(module);
      }
      grown = this.#addEffects(pending);
      this.#follow();
      if (this.#addGiven()) grown = true;
      this.#follow();
    }
    return this.#result();
  }

  /** In an order that depends on nothing but the code. */
  #addEffects(pending: Set<Effect>): boolean {
    const due = [...pending].filter((effect) => this.#isDue(effect));
    const inOrder = due
      .map((effect) => ({ effect, text: effect.item.module.textOf(effect.item).digest }))
      .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    for (const { effect } of inOrder) {
      pending.delete(effect);
      this.#item(effect.item);
    }
    return due.length > 0;
  }

  #isDue({ item, changes, changesPackages, changesGlobals }: Effect): boolean {
    if (this.#numbers.has(item)) return true;
    if (changesGlobals) return true;
    for (const one of changes) if (this.#isReached(one)) return true;
    for (const name of changesPackages) if (this.#packages.has(name)) return true;
    return false;
  }

  readonly #isReached = (item: Item): boolean => this.#numbers.has(item) || this.#numbers.has(skeletonOf(item.node) ?? item);

  /** In an order that depends on nothing but the code. */
  #addGiven(): boolean {
    const due = this.#byValue.due(this.#isReached).map((stretch) => ({ stretch, text: `${textOf(stretch.node).digest} ${stretch.name}` }));
    for (const { stretch } of due.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))) this.#stretch(stretch);
    return due.length > 0;
  }

  #load(module: ModuleCode): void {
    if (this.#loaded.has(module)) return;
    for (const one of this.#parts.effects.loadedWith(module)) this.#loaded.add(one);
  }

  // ── pieces ──

  #start({ module, node, name, outer }: Start): void {
    this.#add(node, { module, name, node, text: textOf(node), region: readRegion(node, module, outer) });
  }

  #add(key: object | string, piece: Piece): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#pieces.length;
      this.#numbers.set(key, number);
      this.#pieces.push(piece);
    }
    return number;
  }

  #item(item: Item): number {
    const known = this.#numbers.get(item);
    if (known !== undefined) return known;
    const { module, node } = item;
    return this.#add(item, {
      module,
      node,
      name: nameOf(item),
      text: module.textOf(item),
      region: module.region(item),
      isTop: true,
      reads: this.#parts.moduleReads.of(item),
    });
  }

  #inside(module: ModuleCode, node: SyntaxNode, name: string): number {
    const known = this.#numbers.get(node);
    if (known !== undefined) return known;
    return this.#add(node, { module, name, node, text: textOf(node), region: readRegion(node, module, scopesAround(module, node)) });
  }

  /** Through a value: a class without the methods that nobody names. */
  #stretch({ module, item, node, name }: Stretch): number {
    const skeleton = skeletonOf(node);
    if (node === item.node && skeleton === undefined) return this.#item(item);
    const counted = skeleton ?? node;
    const known = this.#numbers.get(counted);
    if (known !== undefined) return known;
    return this.#add(counted, {
      module,
      name,
      node,
      text: textOf(counted),
      region: readRegion(counted, module),
      isGiven: true,
      reads: this.#parts.moduleReads.of(item),
    });
  }

  #asset(module: ModuleCode, path: string): number {
    this.#files.add(path);
    const { digest } = this.#parts.sources.asset(path);
    return this.#add(path, { module, name: this.#parts.shownAs(path), node: undefined, text: pieceText(`file ${digest}`), region: undefined });
  }

  #content(module: ModuleCode, path: string): number {
    this.#files.add(path);
    const { digest } = this.#parts.sources.content(path);
    const text = pieceText(`content ${digest}`);
    return this.#add(`content of ${path}`, { module, name: this.#parts.shownAs(path), node: undefined, text, region: undefined });
  }

  // ── links ──

  #follow(): void {
    for (; this.#next < this.#pieces.length; this.#next++) {
      const piece = this.#pieces[this.#next] as Piece;
      this.#enter(piece.module);
      this.#lines.push(`${piece.text.digest} ${piece.region === undefined ? '' : this.#linksOf(piece, piece.region)}`);
    }
  }

  /** What a module that is reached imports for its effects alone may be part of anything: a package counts by its version. */
  #enter(module: ModuleCode): void {
    if (this.#modules.has(module)) return;
    this.#modules.add(module);
    this.#load(module);
    for (const specifier of module.sideEffects) {
      const target = this.#parts.links.module(module, specifier);
      if (target.kind === 'package') this.#package(target);
    }
  }

  #linksOf({ module, isGiven, isTop, reads }: Piece, region: Region): string {
    const links: string[] = [];
    this.#byValue.note(region.members);
    for (const use of region.uses) {
      const link = (isGiven && this.#givenClass(module, use)) || this.#link(module, use);
      links.push(`${use.name}${use.member === undefined ? '' : `.${use.member}`}=${link}`);
    }
    for (const [name, binding] of region.outer) links.push(`${name}=${this.#local(module, name, binding)}`);
    // At the top of a module it is no variable: nothing, or what a CommonJS module gives away.
    if (region.usesOuterThis && !isTop) this.#captured.add('this');
    for (const specifier of region.imports) {
      const target = this.#parts.links.module(module, specifier);
      if (target.kind === 'namespace') this.#load(target.module);
      links.push(`import ${this.#targetText(module, target)}`);
    }
    for (const specifier of region.programs) links.push(`program ${this.#program(module, specifier)}`);
    for (const path of reads?.paths ?? []) links.push(`reads ${this.#content(module, path)}`);
    if (reads?.isUnsure === true) this.#unsure ??= `${this.#parts.shownAs(module.path)} reads, while it loads, a file that only the program knows`;
    if (region.unsure !== undefined) this.#unsure ??= `${this.#parts.shownAs(module.path)} uses ${region.unsure}`;
    return links.join(',');
  }

  #givenClass(module: ModuleCode, { name, member }: Use): string | undefined {
    const target = this.#parts.links.target(module, name);
    const [item, ...more] = target.kind === 'items' ? target.items : [];
    if (item === undefined || more.length > 0 || skeletonOf(item.node) === undefined) return undefined;
    if (member !== undefined) this.#byValue.note(new Set([member]));
    return `class ${this.#stretch({ module: item.module, item, node: item.node, name: nameOf(item) })}`;
  }

  #link(module: ModuleCode, use: Use): string {
    const target = this.#parts.links.target(module, use.name, use.member);
    if (target.kind === 'items' && !this.#isFlow && (use.isCalled || use.member === 'fn')) {
      const called = this.#calledTask(target.items);
      if (called !== undefined) return called;
    }
    return this.#targetText(module, target);
  }

  /** A task that a task calls is its function (S6). */
  #calledTask(items: readonly Item[]): string | undefined {
    const [item] = items;
    if (items.length !== 1 || item === undefined) return undefined;
    const { node } = item;
    const fn = functionOfTask(item.module, node.type === 'VariableDeclarator' ? (node.init as SyntaxNode | null) : node);
    return fn && `task ${this.#inside(item.module, fn, nameOf(item))}`;
  }

  #targetText(module: ModuleCode, target: Target): string {
    switch (target.kind) {
      case 'items':
        return target.items.map((item) => this.#item(item)).join('+');
      case 'namespace':
        return `{${this.#parts.links
          .exportsOf(target.module)
          .map(([name, one]) => `${name}:${one.kind === 'namespace' ? this.#namespace(one.module) : this.#targetText(target.module, one)}`)
          .join(',')}}`;
      case 'asset':
        if (target.unsure !== undefined) this.#unsure ??= target.unsure;
        return `file ${this.#asset(module, target.path)}`;
      case 'package':
        return this.#package(target);
      case 'name':
        if (target.unsure !== undefined) this.#unsure ??= target.unsure;
        return target.text;
    }
  }

  /** Every statement of it is run, and what it gives away is given to nobody. */
  #program(module: ModuleCode, specifier: string): string {
    const target = this.#parts.links.module(module, specifier);
    if (target.kind !== 'namespace') return this.#targetText(module, target);
    this.#load(target.module);
    return target.module.items.map((item) => this.#item(item)).join('+');
  }

  /** Namespaces may hold each other. */
  #namespace(module: ModuleCode): string {
    const known = this.#numbers.get(module);
    if (known !== undefined) return `${known}`;
    const number = this.#add(module, { module, name: '(module)', node: undefined, text: MODULE, region: undefined });
    this.#lines.push(`module ${number} ${this.#targetText(module, { kind: 'namespace', module })}`);
    return `${number}`;
  }

  #package({ name, version, text }: Target & { readonly kind: 'package' }): string {
    const versions = this.#packages.get(name);
    if (versions) versions.add(version);
    else this.#packages.set(name, new Set([version]));
    return `package ${text}@${version}`;
  }

  // ── variables of enclosing functions ──

  #local(module: ModuleCode, name: string, binding: Binding): string {
    const node = localCode(module, binding);
    if (node !== undefined) return `${this.#inside(module, node, name)}`;
    this.#captured.add(name);
    return 'captured';
  }

  #result(): Reached {
    const { shownAs } = this.#parts;
    const packages = Object.fromEntries(
      [...this.#packages].map(([name, versions]) => [name, [...versions].sort().join(' and ')] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
    const shown = this.#pieces.filter(({ text }) => text !== MODULE);
    const files = new Set([...[...this.#loaded, ...this.#modules].map(({ path }) => path), ...this.#files]);
    return {
      digest: digest128([SCHEME, ...this.#lines, JSON.stringify(packages)].join('\n')),
      pieces: shown.map(({ module, name, text, node }) => ({
        file: node === undefined ? name : shownAs(module.path),
        name: node === undefined ? '(content)' : name,
        digest: text.shown,
      })),
      packages,
      unsure: this.#unsure,
      captured: [...this.#captured],
      files: [...files],
    };
  }
}
