import type { Effects } from './effects.js';
import type { Links, Target } from './links.js';
import { isMethod, memberKey, OWN_METHOD, WHOLE } from './member-names.js';
import type { Item, ModuleCode } from './module-code.js';
import { namesFor } from './own-calls.js';
import { readRegion } from './read-region.js';
import { ancestorsOf, calledName } from './source-tree.js';
import { childrenOf, isClass, isFunction, type SyntaxNode, withoutTypes } from './syntax.js';

/** A stretch of a module that counts as a whole: an item, or something in one that uses no variables of a function. */
export interface Stretch {
  readonly module: ModuleCode;
  readonly item: Item;
  readonly node: SyntaxNode;
  readonly name: string;
}

/**
 * Where instances of classes come from that a task is only given: `registerClass(…)`, a serializer, a class that extends a registered one. The
 * code of such a task names none of these; it names the members that it uses.
 */
export interface Door extends Stretch {
  /** Classes that it is about by name. */
  readonly taught: ReadonlySet<Item>;
  /** It may be about any class: which, is known only when it runs. */
  readonly isOpen: boolean;
  /** Everything that it reaches: what may come through it is made there. */
  readonly items: ReadonlySet<Item>;
  /** Names of members of what may come through it: fields, and methods. */
  readonly keys: ReadonlySet<string>;
  /** Methods, getters and the like, by name. */
  readonly methods: ReadonlyMap<string, readonly Stretch[]>;
}

/** A class and what it extends; a statement and what it changes, a prototype maybe. */
export interface Heir {
  readonly item: Item;
  readonly base: readonly Item[];
}

/** Finds doors in modules; each module is looked through once. */
export class Given {
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #doors = new Map<ModuleCode, readonly Door[]>();
  readonly #heirs = new Map<ModuleCode, readonly Heir[]>();
  readonly #ofClasses = new Map<Item, Door>();

  constructor(links: Links, effects: Effects) {
    this.#links = links;
    this.#effects = effects;
  }

  doorsOf(module: ModuleCode): readonly Door[] {
    let doors = this.#doors.get(module);
    if (doors === undefined) {
      // Most modules have none, and are not walked.
      doors = /\bregisterClass\b|\bdecode\b/.test(module.text) ? this.#find(module) : [];
      this.#doors.set(module, doors);
    }
    return doors;
  }

  /** What at the top of a module makes instances of the same door, where that is about one of `base`. */
  heirsOf(module: ModuleCode): readonly Heir[] {
    let heirs = this.#heirs.get(module);
    if (heirs === undefined) {
      const changing = this.#effects.of(module).map(({ item, changes }) => ({ item, base: [...changes] }));
      heirs = [...module.items.flatMap((item) => this.#heir(item)), ...changing];
      this.#heirs.set(module, heirs);
    }
    return heirs;
  }

  #heir(item: Item): readonly Heir[] {
    const node = classOf(item);
    if (node === undefined) return [];
    const base = node.superClass ? withoutTypes(node.superClass as SyntaxNode) : undefined;
    return [{ item, base: base?.type === 'Identifier' ? itemsOf(this.#links.target(item.module, base.name as string)) : [] }];
  }

  doorOf(item: Item): Door {
    let door = this.#ofClasses.get(item);
    if (door === undefined) {
      door = this.#door({ module: item.module, item, node: item.node, name: item.names[0] ?? 'class' }, new Set([item]), false);
      this.#ofClasses.set(item, door);
    }
    return door;
  }

  #find(module: ModuleCode): readonly Door[] {
    const names = namesFor(module, 'registerClass');
    return module.items.flatMap((item) => {
      const found: Door[] = [];
      const visit = (node: SyntaxNode): void => {
        if (node.type === 'CallExpression' && names.has(calledName(node) ?? '')) return void found.push(this.#registration(module, item, node));
        if (isCodec(node)) found.push(this.#door(stretchOf(module, item, node, 'serializer'), new Set(), false));
        for (const child of childrenOf(node)) visit(child);
      };
      visit(item.node);
      return found;
    });
  }

  #registration(module: ModuleCode, item: Item, call: SyntaxNode): Door {
    const [first] = call.arguments as SyntaxNode[];
    const named = first && withoutTypes(first);
    const stretch = stretchOf(module, item, call, 'registerClass');
    const targets = named?.type === 'Identifier' ? itemsOf(this.#links.target(module, named.name as string)) : [];
    const isNamed = targets.some((one) => classOf(one) !== undefined || one.node.type === 'FunctionDeclaration') && stretch.node === call;
    if (isNamed) return this.#door({ ...stretch, name: `registerClass(${named?.name as string})` }, new Set(targets), false);
    // In a function, which is called with whatever class; else they stand somewhere in the statement.
    return this.#door({ ...stretch, node: item.node }, new Set(), isInFunction(module, call) || isFunction(item.node));
  }

  #door(stretch: Stretch, taught: ReadonlySet<Item>, isOpen: boolean): Door {
    const items = this.#reachedFrom(stretch, taught);
    const keys = new Set([WHOLE]);
    // What members instances of a package have, nobody looks up.
    if (taught.size === 0 && this.#usesPackage(stretch)) keys.add(OWN_METHOD);
    const methods = new Map<string, Stretch[]>();
    for (const item of items) {
      // What a serializer, or a registration, calls its own functions is no member of what they make.
      readMembers(item, item === stretch.item && stretch.node !== item.node ? stretch.node : undefined, keys, methods);
    }
    return { ...stretch, taught, isOpen, items, keys, methods };
  }

  #usesPackage({ module, node }: Stretch): boolean {
    return readRegion(node, module).uses.some(({ name }) => this.#links.target(module, name).kind === 'package');
  }

  #reachedFrom({ item }: Stretch, taught: ReadonlySet<Item>): ReadonlySet<Item> {
    const found = new Set([...taught, item]);
    for (const one of found) {
      const { uses, imports } = one.module.region(one);
      for (const { name } of uses) for (const next of itemsOf(this.#links.target(one.module, name))) found.add(next);
      for (const specifier of imports) for (const next of itemsOf(this.#links.module(one.module, specifier))) found.add(next);
    }
    return found;
  }
}

function itemsOf(target: Target): readonly Item[] {
  if (target.kind === 'items') return target.items;
  return target.kind === 'namespace' ? target.module.items : [];
}

/** The class that an item declares. */
function classOf({ node }: Item): SyntaxNode | undefined {
  if (node.type === 'ClassDeclaration' || node.type === 'ClassExpression') return node;
  const init = node.type === 'VariableDeclarator' && node.init ? withoutTypes(node.init as SyntaxNode) : undefined;
  return init !== undefined && isClass(init) ? init : undefined;
}

/** What is both an encoder and a decoder: a serializer, whether it is handed to a task or not. */
function isCodec(node: SyntaxNode): boolean {
  const members =
    node.type === 'ObjectExpression' ? (node.properties as SyntaxNode[]) : isClass(node) ? ((node.body as SyntaxNode).body as SyntaxNode[]) : [];
  const names = new Set(members.map((member) => (member.type === 'SpreadElement' ? undefined : memberKey(member))));
  return names.has('encode') && names.has('decode');
}

/** What stands in a function counts with all of its item: it may use the function's variables. */
function stretchOf(module: ModuleCode, item: Item, node: SyntaxNode, name: string): Stretch {
  return isInFunction(module, node) ? { module, item, node: item.node, name: item.names[0] ?? name } : { module, item, node, name };
}

function isInFunction(module: ModuleCode, node: SyntaxNode): boolean {
  return ancestorsOf(module, node).some((around) => isFunction(around) || (around.type === 'ClassExpression' && around.id != null));
}

function readMembers(item: Item, apart: SyntaxNode | undefined, keys: Set<string>, methods: Map<string, Stretch[]>): void {
  const { module } = item;
  const add = (node: SyntaxNode, name: string, owner: string): void => {
    keys.add(name);
    const same = methods.get(name);
    const stretch = stretchOf(module, item, node, owner === '' ? name : `${owner}.${name}`);
    if (same) same.push(stretch);
    else methods.set(name, [stretch]);
  };
  const visit = (node: SyntaxNode, owner: string): void => {
    if (node === apart) return;
    const name = memberName(node);
    if (name !== undefined) {
      if (isMethod(node) || node.type === 'AssignmentExpression') add(node, name, owner);
      else keys.add(name);
    }
    const inside = isClass(node) && node.id ? ((node.id as SyntaxNode).name as string) : owner;
    for (const child of childrenOf(node)) visit(child, inside);
  };
  visit(item.node, item.names[0] ?? '');
}

/** Of a member's declaration, of `this.x = …`, of a parameter that is a field, of `Model.prototype.x = function …`. */
function memberName(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'MethodDefinition':
    case 'PropertyDefinition':
    case 'AccessorProperty':
      return node.kind === 'constructor' ? undefined : memberKey(node);
    case 'Property':
      return node.value && isMethod(node) ? memberKey(node) : undefined;
    case 'TSParameterProperty': {
      const parameter = node.parameter as SyntaxNode;
      return ((parameter.type === 'AssignmentPattern' ? (parameter.left as SyntaxNode) : parameter).name as string | undefined) ?? undefined;
    }
    case 'MemberExpression': {
      const isOwnField = (node.object as SyntaxNode).type === 'ThisExpression' && node.computed !== true;
      const { type, name } = node.property as SyntaxNode;
      return isOwnField ? (type === 'PrivateIdentifier' ? `#${name as string}` : (name as string)) : undefined;
    }
    case 'AssignmentExpression':
      return assignedMethod(node);
    default:
      return undefined;
  }
}

function assignedMethod({ left, right }: SyntaxNode): string | undefined {
  const target = withoutTypes(left as SyntaxNode);
  const value = withoutTypes(right as SyntaxNode);
  if (target?.type !== 'MemberExpression' || target.computed === true || value === undefined || !isFunction(value)) return undefined;
  return (target.property as SyntaxNode).name as string;
}
