import { codeAtUrl } from './common-js.js';
import { noteMembers } from './member-names.js';
import { assignedRoots, handedOn, isReading, mayChangeItsObject, rootOf } from './purity.js';
import type { Region, RegionSurroundings, Use } from './region.js';
import { type Binding, type Scope, scopeOf } from './scopes.js';
import { childrenOf, isFunction, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** @param outer the scopes around the node, the innermost first, without the module's */
export function readRegion(node: SyntaxNode, surroundings: RegionSurroundings, outer: readonly Scope[] = []): Region {
  const reader = new RegionReader(surroundings, outer, true);
  reader.read(node);
  return reader;
}

/** Whether a top-level statement does something when its module is loaded, more than making a value. Does not look into functions. */
export function runsWhenLoaded(node: SyntaxNode, surroundings: RegionSurroundings): boolean {
  const reader = new RegionReader(surroundings, [], false);
  reader.read(node);
  return reader.runs;
}

/** How the place that is being read is reached. */
interface Place {
  /** In a function: not when the module is loaded. */
  readonly isInside: boolean;
  /** Among the arguments of one of Millrace's functions: the next function is one that a run calls. */
  readonly isHandedToUs: boolean;
  readonly isDeferred: boolean;
  /** `this` there is that of something inside the region. */
  readonly hasOwnThis: boolean;
}

class RegionReader implements Region {
  readonly uses: Use[] = [];
  readonly outer = new Map<string, Binding>();
  usesOuterThis = false;
  readonly touches = new Set<string>();
  readonly calledOn = new Set<string>();
  readonly calledForEffect = new Set<string>();
  changesGlobals = false;
  runs = false;
  readonly members = new Set<string>();
  readonly imports: string[] = [];
  readonly programs: string[] = [];
  unsure: string | undefined;

  readonly #surroundings: RegionSurroundings;
  readonly #outer: readonly Scope[];
  readonly #inner: Scope[] = [];
  readonly #seen = new Set<string>();

  readonly #looksIntoFunctions: boolean;

  constructor(surroundings: RegionSurroundings, outer: readonly Scope[], looksIntoFunctions: boolean) {
    this.#surroundings = surroundings;
    this.#outer = outer;
    this.#looksIntoFunctions = looksIntoFunctions;
  }

  read(node: SyntaxNode): void {
    // A function that is a region by itself is one that will be called; a declaration is not called by being there.
    this.#visit(node, { isInside: false, isHandedToUs: false, isDeferred: false, hasOwnThis: false });
  }

  #visit(given: SyntaxNode, place: Place): void {
    const node = withoutTypes(given);
    if (node === undefined) return;
    const scope = scopeOf(node);
    if (scope.size > 0) this.#inner.push(scope);
    this.#look(node, place);
    if (scope.size > 0) this.#inner.pop();
  }

  #look(node: SyntaxNode, place: Place): void {
    noteMembers(node, this.#isLocal, this.members);
    switch (node.type) {
      case 'Identifier':
        return this.#use(node.name as string, undefined, false, place);
      case 'ThisExpression':
      case 'Super':
        if (!place.hasOwnThis) this.usesOuterThis = true;
        return;
      case 'MemberExpression':
        return this.#member(node, false, place);
      case 'CallExpression':
      case 'NewExpression':
        return this.#call(node, place);
      case 'TaggedTemplateExpression':
        this.#runs(place);
        this.#change(handedOn(node.tag as SyntaxNode), place);
        for (const value of (node.quasi as SyntaxNode).expressions as SyntaxNode[]) this.#change(handedOn(value), place);
        return this.#children(node, place);
      case 'AssignmentExpression':
        this.#assign(node.left as SyntaxNode, place);
        return this.#children(node, place);
      case 'UpdateExpression':
        this.#assign(node.argument as SyntaxNode, place);
        return this.#children(node, place);
      case 'UnaryExpression':
        if (node.operator === 'delete') this.#assign(node.argument as SyntaxNode, place);
        return this.#children(node, place);
      case 'ForInStatement':
      case 'ForOfStatement':
        if ((node.left as SyntaxNode).type !== 'VariableDeclaration') this.#assign(node.left as SyntaxNode, place);
        return this.#children(node, place);
      case 'AwaitExpression':
        this.#runs(place);
        return this.#children(node, place);
      case 'BinaryExpression':
        // `require.main === module` asks who started the program, and takes nothing from the module.
        for (const side of childrenOf(node)) if (!this.#isOwnModule(side)) this.#visit(side, place);
        return;
      case 'ExpressionStatement':
        this.#statement(node.expression as SyntaxNode, place);
        return this.#children(node, place);
      case 'ImportExpression':
        this.#import(textOf(node.source as SyntaxNode), 'import()');
        return this.#children(node, place);
      case 'WithStatement':
        this.unsure ??= 'with';
        return this.#children(node, place);
      default:
        return this.#structure(node, place);
    }
  }

  /** Nodes whose children are not all expressions, or stand elsewhere than they look. */
  #structure(node: SyntaxNode, place: Place): void {
    if (isFunction(node)) return this.#function(node, place);
    switch (node.type) {
      case 'Property':
        if (node.computed === true) this.#visit(node.key as SyntaxNode, place);
        return this.#visit(node.value as SyntaxNode, place);
      case 'MethodDefinition':
      case 'PropertyDefinition':
      case 'AccessorProperty':
        return this.#classMember(node, place);
      case 'StaticBlock':
        this.#runs(place);
        return this.#children(node, { ...place, hasOwnThis: true });
      case 'Decorator':
        this.#decorator(node.expression as SyntaxNode, place);
        return this.#children(node, place);
      case 'LabeledStatement':
        return this.#visit(node.body as SyntaxNode, place);
      case 'BreakStatement':
      case 'ContinueStatement':
      case 'MetaProperty':
      case 'ImportDeclaration':
      case 'ExportSpecifier':
      case 'JSXClosingElement':
        return;
      case 'TSEnumMember':
        if (node.initializer) this.#visit(node.initializer as SyntaxNode, place);
        return;
      case 'TSQualifiedName':
        return this.#visit(node.left as SyntaxNode, place);
      case 'JSXOpeningElement':
        this.#jsxName(node.name as SyntaxNode, place);
        for (const attribute of node.attributes as SyntaxNode[]) this.#visit(attribute, place);
        return;
      case 'JSXOpeningFragment':
        return this.#jsxRuntime(place);
      case 'JSXAttribute':
        if (node.value) this.#visit(node.value as SyntaxNode, place);
        return;
      default:
        return this.#children(node, place);
    }
  }

  #function(node: SyntaxNode, place: Place): void {
    if (!this.#looksIntoFunctions) return;
    this.#children(node, {
      isInside: true,
      isHandedToUs: false,
      isDeferred: place.isDeferred || place.isHandedToUs,
      hasOwnThis: place.hasOwnThis || node.type !== 'ArrowFunctionExpression',
    });
  }

  #children(node: SyntaxNode, place: Place): void {
    for (const child of childrenOf(node)) this.#visit(child, place);
  }

  #classMember(node: SyntaxNode, place: Place): void {
    for (const decorator of (node.decorators ?? []) as SyntaxNode[]) this.#visit(decorator, place);
    if (node.computed === true) this.#visit(node.key as SyntaxNode, place);
    if (!node.value) return;
    const isRunNow = node.type !== 'MethodDefinition' && node.static === true;
    this.#visit(node.value as SyntaxNode, { ...place, isInside: place.isInside || !isRunNow, hasOwnThis: true });
  }

  #decorator(expression: SyntaxNode, place: Place): void {
    const root = rootOf(expression);
    if (root === undefined || !this.#isOwn(root)) this.#runs(place);
  }

  // ── names ──

  #member(node: SyntaxNode, isCalled: boolean, place: Place): void {
    const object = withoutTypes(node.object as SyntaxNode);
    const property = node.property as SyntaxNode;
    const member = node.computed === true ? textOf(property) : property.type === 'Identifier' ? (property.name as string) : undefined;
    if (object?.type === 'Identifier') this.#use(object.name as string, member, isCalled, place);
    else if (object) this.#visit(object, place);
    if (node.computed === true) this.#visit(property, place);
  }

  #use(name: string, member: string | undefined, isCalled: boolean, place: Place): void {
    const isDeferred = place.isDeferred || place.isHandedToUs;
    if (this.#inner.some((scope) => scope.has(name))) return;
    for (const scope of this.#outer) {
      const binding = scope.get(name);
      // A declaration's own name is known around it, too.
      if (binding === undefined || (binding.kind === 'own-name' && /Declaration$/.test(binding.node.type))) continue;
      this.outer.set(name, binding);
      return;
    }
    const key = `${name}\n${member ?? ''}\n${isCalled}\n${isDeferred}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.uses.push({ name, member, isCalled, isDeferred });
  }

  readonly #isLocal = (name: string): boolean => this.#inner.some((scope) => scope.has(name)) || this.#outer.some((scope) => scope.has(name));

  #isOwn(name: string): boolean {
    return !this.#isLocal(name) && this.#surroundings.isOwn(name);
  }

  #isOwnModule({ type, name }: SyntaxNode): boolean {
    return type === 'Identifier' && !this.#isLocal(name as string) && this.#surroundings.isOwnExports(name as string);
  }

  readonly #isGlobal = (name: string): boolean => !this.#isLocal(name) && !this.#surroundings.isModuleName(name);

  #jsxName(name: SyntaxNode, place: Place): void {
    this.#jsxRuntime(place);
    let root = name;
    while (root.type === 'JSXMemberExpression') root = root.object as SyntaxNode;
    const text = root.name as string;
    if (root !== name || /^[^a-z]/.test(text)) this.#use(text, undefined, false, place);
  }

  /** What older settings compile JSX to calls of. */
  #jsxRuntime(place: Place): void {
    for (const name of ['React', 'h', 'Fragment']) if (this.#surroundings.isModuleName(name)) this.#use(name, undefined, false, place);
  }

  // ── effects ──

  #runs(place: Place): void {
    if (!place.isInside && !place.isDeferred) this.runs = true;
  }

  #change(names: readonly string[], { isDeferred }: Place, found: Set<string> = this.touches): void {
    if (isDeferred) return;
    for (const name of names) if (!this.#isLocal(name)) found.add(name);
  }

  #assign(target: SyntaxNode, place: Place): void {
    this.#runs(place);
    const roots = assignedRoots(target);
    this.#change(roots, place);
    if (!place.isDeferred && roots.some((name) => this.#isGlobal(name))) this.changesGlobals = true;
  }

  #statement(given: SyntaxNode, { isDeferred }: Place): void {
    let call = withoutTypes(given);
    if (call?.type === 'AwaitExpression') call = withoutTypes(call.argument as SyntaxNode);
    if (call?.type !== 'CallExpression' || isDeferred) return;
    const root = rootOf(call);
    if (root !== undefined && !this.#isLocal(root)) this.calledForEffect.add(root);
  }

  #call(node: SyntaxNode, place: Place): void {
    const callee = withoutZero(withoutTypes(node.callee as SyntaxNode));
    if (callee === undefined) return;
    const args = node.arguments as SyntaxNode[];
    const started = codeAtUrl(node);
    if (started !== undefined) this.programs.push(started);
    const root = rootOf(callee);
    const isOwn = root !== undefined && this.#isOwn(root);
    if (callee.type === 'Identifier') {
      this.#use(callee.name as string, undefined, true, place);
      this.#special(callee.name as string, args);
    } else if (callee.type === 'MemberExpression') this.#member(callee, true, place);
    else this.#visit(callee, place);
    if (!isOwn) this.#foreignCall(callee, root, args, place);
    const inside = { ...place, isHandedToUs: isOwn };
    for (const argument of args) this.#visit(argument, inside);
  }

  #foreignCall(callee: SyntaxNode, root: string | undefined, args: readonly SyntaxNode[], place: Place): void {
    if (isReading(callee, this.#isGlobal)) return;
    this.#runs(place);
    if (callee.type === 'MemberExpression') {
      // Of `names.map(load)` nothing is handed on but functions to call, and those are followed.
      if (!mayChangeItsObject(callee)) return;
      if (root !== undefined) this.#change([root], place, this.calledOn);
    }
    const given = args.flatMap((argument) => handedOn(argument));
    this.#change(given, place);
    const isOnGlobals = root !== undefined && (root === 'Object' || root === 'Reflect') && this.#isGlobal(root);
    if (isOnGlobals && !place.isDeferred && given.some((name) => this.#isGlobal(name))) this.changesGlobals = true;
  }

  #special(name: string, args: readonly SyntaxNode[]): void {
    if (this.#isLocal(name)) return;
    if (this.#surroundings.isRequire(name)) return this.#import(textOf(args[0]), 'require()');
    if (!this.#isGlobal(name)) return;
    if (name === 'eval' || name === 'Function') this.unsure ??= name;
  }

  #import(specifier: string | undefined, what: string): void {
    if (specifier === undefined) this.unsure ??= `${what} of what is known only when it runs`;
    else this.imports.push(specifier);
  }
}

/** `(0, a.b)(c)` is how compilers write `b(c)`. */
function withoutZero(callee: SyntaxNode | undefined): SyntaxNode | undefined {
  if (callee?.type !== 'SequenceExpression') return callee;
  const [zero, called, ...more] = callee.expressions as readonly SyntaxNode[];
  return zero?.type === 'Literal' && called !== undefined && more.length === 0 ? withoutTypes(called) : callee;
}
