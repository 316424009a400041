import { digest128 } from '../base/digest.js';
import { canonicalText } from './canonical-text.js';
import { givenBy, requiredAtOnce, requiredBy, requirement, requireNames, usesThis } from './common-js.js';
import { readRegion } from './read-region.js';
import type { Region } from './region.js';
import { varNames } from './scopes.js';
import { isFunction, patternNames, type SyntaxNode, textOf, withoutTypes } from './syntax.js';

/** A top-level declaration or statement of a module. */
export interface Item {
  readonly module: ModuleCode;
  /** Its place in the module. */
  readonly place: number;
  /** Names of the module that it declares; none of a statement. */
  readonly names: readonly string[];
  readonly node: SyntaxNode;
  /** `const`, `let`, `var`; `exports` of what a CommonJS module gives away; of other declarations empty. */
  readonly keyword: string;
}

/** The text of code without what does not count, by its digest. */
export interface PieceText {
  readonly digest: string;
  /** The beginning of it: enough to see that it changed. */
  readonly shown: string;
}

const SHOWN_DIGEST = 12;

export function pieceText(text: string): PieceText {
  const digest = digest128(text);
  return { digest, shown: digest.slice(0, SHOWN_DIGEST) };
}

/** `imported` is the exporter's name for it, `*` for all of it. */
export interface Import {
  readonly specifier: string;
  readonly imported: string;
}

export const DEFAULT_NAME = '*default*';
/** What CommonJS modules, and `export =`, offer to whoever imports anything of them. */
export const WHOLE_NAME = '*export=*';
const EXPORTS = 'exports';

/** One module as a list of items, and what it takes from and gives to others. Its tree is kept: items are looked at when they are reached. */
export class ModuleCode {
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
  readonly items: readonly Item[];
  readonly imports: ReadonlyMap<string, Import>;
  /** By exported name: a name of this module, or what it passes on from another one. */
  readonly exports: ReadonlyMap<string, string | Import>;
  /** `export * from`. */
  readonly stars: readonly string[];
  /** Every module that is loaded with this one, in order. */
  readonly dependencies: readonly string[];
  /** `import './x.js'`: nothing is taken from it. */
  readonly sideEffects: readonly string[];
  /** Without `import` and `export`: what it gives away it assigns to `exports`, or `module.exports`. */
  readonly isCommonJs: boolean;

  readonly #requireNames: ReadonlySet<string>;
  #isOpaque: boolean | undefined;
  #lineStarts: readonly number[] | undefined;
  readonly #byName: ReadonlyMap<string, readonly Item[]>;
  readonly #regions = new Map<Item, Region>();
  readonly #texts = new Map<Item, PieceText>();
  readonly #isOwnSpecifier: (specifier: string) => boolean;

  constructor(path: string, text: string, program: SyntaxNode, isOwnSpecifier: (specifier: string) => boolean) {
    this.path = path;
    this.text = text;
    this.program = program;
    this.#isOwnSpecifier = isOwnSpecifier;
    this.#requireNames = requireNames(program);
    const contents = readContents(this, program, this.#requireNames);
    this.items = contents.items;
    this.imports = contents.imports;
    this.exports = contents.exports;
    this.stars = contents.stars;
    this.dependencies = [...contents.dependencies];
    this.sideEffects = contents.sideEffects;
    this.isCommonJs = !contents.isModule;
    const byName = new Map<string, Item[]>();
    for (const item of this.items) {
      for (const name of item.names) {
        const same = byName.get(name);
        if (same) same.push(item);
        else byName.set(name, [item]);
      }
    }
    this.#byName = byName;
  }

  /** Offset of the first character of each line, as JavaScript engines count them. */
  get lineStarts(): readonly number[] {
    this.#lineStarts ??= [0, ...[...this.text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)].map(({ index, 0: mark }) => index + mark.length)];
    return this.#lineStarts;
  }

  /** Its exports cannot be told apart: `export =`, `module.exports = make()`, and CommonJS that uses `exports` for more than to name what it gives. */
  get isOpaque(): boolean {
    this.#isOpaque ??= this.exports.has(WHOLE_NAME) || (this.isCommonJs && this.items.some((item) => this.#mayExport(item)));
    return this.#isOpaque;
  }

  #mayExport(item: Item): boolean {
    const { uses, usesOuterThis, touches, calledOn } = this.region(item);
    if (usesOuterThis || (item.keyword === EXPORTS && usesThis(item.node))) return true;
    // `exports.x` alone is one of them by its name.
    const isWhole = (name: string, member: string | undefined): boolean =>
      member === undefined || name !== EXPORTS || touches.has(name) || calledOn.has(name);
    return uses.some(({ name, member }) => this.isOwnExports(name) && isWhole(name, member));
  }

  /** Whether a name means what the module gives away, all of it. */
  isOwnExports(name: string): boolean {
    return this.isCommonJs && (name === 'exports' || name === 'module') && !this.#byName.has(name) && !this.imports.has(name);
  }

  isRequire(name: string): boolean {
    return this.#requireNames.has(name);
  }

  /** Several for what is declared in pieces: an enum, a function with a namespace. */
  declared(name: string): readonly Item[] | undefined {
    return this.#byName.get(name);
  }

  isModuleName(name: string): boolean {
    return this.#byName.has(name) || this.imports.has(name) || this.isOwnExports(name);
  }

  /** Whether a name of this module is imported from Millrace. */
  isOwn(name: string): boolean {
    const from = this.imports.get(name);
    return from !== undefined && this.#isOwnSpecifier(from.specifier);
  }

  region(item: Item): Region {
    let region = this.#regions.get(item);
    if (region === undefined) {
      region = readRegion(item.node, this);
      this.#regions.set(item, region);
    }
    return region;
  }

  textOf(item: Item): PieceText {
    let text = this.#texts.get(item);
    if (text === undefined) {
      text = pieceText(`${item.keyword} ${canonicalText(item.node)}`);
      this.#texts.set(item, text);
    }
    return text;
  }
}

interface Contents {
  readonly items: Item[];
  readonly imports: Map<string, Import>;
  readonly exports: Map<string, string | Import>;
  readonly stars: string[];
  readonly dependencies: Set<string>;
  readonly sideEffects: string[];
  /** Names of `require`. */
  readonly requires: ReadonlySet<string>;
  isModule: boolean;
}

function readContents(module: ModuleCode, program: SyntaxNode, requires: ReadonlySet<string>): Contents {
  const contents: Contents = {
    requires,
    items: [],
    imports: new Map(),
    exports: new Map(),
    stars: [],
    dependencies: new Set(),
    sideEffects: [],
    isModule: false,
  };
  const add = (node: SyntaxNode, names: readonly string[], keyword = ''): void => {
    contents.items.push({ module, place: contents.items.length, names, node, keyword });
  };
  for (const statement of program.body as SyntaxNode[]) readStatement(contents, statement, add);
  if ([...requires].some((name) => module.text.includes(`${name}(`)))
    for (const { node } of contents.items) for (const specifier of requiredAtOnce(node, requires)) contents.dependencies.add(specifier);
  return contents;
}

type Add = (node: SyntaxNode, names: readonly string[], keyword?: string) => void;

function readStatement(contents: Contents, given: SyntaxNode, add: Add): void {
  if (/^(?:Import|Export)/.test(given.type)) contents.isModule = true;
  if (given.importKind === 'type' || given.exportKind === 'type') return;
  const statement = withoutTypes(given);
  if (statement === undefined) return;
  switch (statement.type) {
    case 'ImportDeclaration':
      return readImport(contents, statement);
    case 'ExportNamedDeclaration':
      return readNamedExport(contents, statement, add);
    case 'ExportDefaultDeclaration':
      return readDefaultExport(contents, statement.declaration as SyntaxNode, add);
    case 'ExportAllDeclaration': {
      const specifier = textOf(statement.source as SyntaxNode) ?? '';
      contents.dependencies.add(specifier);
      if (statement.exported) contents.exports.set(nameOf(statement.exported as SyntaxNode), { specifier, imported: '*' });
      else contents.stars.push(specifier);
      return;
    }
    case 'TSExportAssignment':
      contents.isModule = true;
      contents.exports.set(WHOLE_NAME, WHOLE_NAME);
      return add(statement.expression as SyntaxNode, [WHOLE_NAME]);
    case 'TSImportEqualsDeclaration':
      return readImportEquals(contents, statement, add);
    case 'ExpressionStatement':
      return readExpression(contents, statement, add);
    default:
      for (const { node, names, keyword } of declarationsIn(statement)) if (!isRequired(contents, node, keyword)) add(node, names, keyword);
  }
}

function readExpression(contents: Contents, statement: SyntaxNode, add: Add): void {
  const specifier = requiredBy(withoutTypes(statement.expression as SyntaxNode), contents.requires);
  if (specifier !== undefined) {
    contents.dependencies.add(specifier);
    contents.sideEffects.push(specifier);
    return;
  }
  const given = contents.isModule ? undefined : givenBy(statement);
  if (given === undefined) return add(statement, []);
  for (const { name, node } of given) {
    const local = name === undefined ? WHOLE_NAME : `${EXPORTS}.${name}`;
    contents.exports.set(name ?? WHOLE_NAME, local);
    add(node, [local], EXPORTS);
  }
}

/** `const x = require('x')` is an import by another name, and so is what is taken out of one. What may be assigned again is a variable. */
function isRequired(contents: Contents, node: SyntaxNode, keyword: string | undefined): boolean {
  const found = keyword === 'const' ? requirement(node, (value) => requiredBy(value, contents.requires) ?? namespace(contents, value)) : undefined;
  if (found === undefined) return false;
  contents.dependencies.add(found.specifier);
  for (const { local, imported } of found.names) contents.imports.set(local, { specifier: found.specifier, imported });
  return true;
}

function readImport(contents: Contents, statement: SyntaxNode): void {
  const specifier = textOf(statement.source as SyntaxNode) ?? '';
  const specifiers = (statement.specifiers as SyntaxNode[]).filter((one) => one.importKind !== 'type');
  const isBare = (statement.specifiers as SyntaxNode[]).length === 0;
  if (specifiers.length === 0 && !isBare) return;
  contents.dependencies.add(specifier);
  if (isBare) contents.sideEffects.push(specifier);
  for (const one of specifiers) {
    const imported =
      one.type === 'ImportNamespaceSpecifier' ? '*' : one.type === 'ImportDefaultSpecifier' ? 'default' : nameOf(one.imported as SyntaxNode);
    contents.imports.set(nameOf(one.local as SyntaxNode), { specifier, imported });
  }
}

function readNamedExport(contents: Contents, statement: SyntaxNode, add: Add): void {
  const declaration = statement.declaration ? withoutTypes(statement.declaration as SyntaxNode) : undefined;
  if (declaration) {
    for (const { node, names, keyword } of declarationsIn(declaration)) {
      add(node, names, keyword);
      for (const name of names) contents.exports.set(name, name);
    }
  }
  const specifier = statement.source ? (textOf(statement.source as SyntaxNode) ?? '') : undefined;
  const specifiers = ((statement.specifiers ?? []) as SyntaxNode[]).filter((one) => one.exportKind !== 'type');
  if (specifier !== undefined) contents.dependencies.add(specifier);
  for (const one of specifiers) {
    const local = nameOf(one.local as SyntaxNode);
    contents.exports.set(nameOf(one.exported as SyntaxNode), specifier === undefined ? local : { specifier, imported: local });
  }
}

function readDefaultExport(contents: Contents, given: SyntaxNode, add: Add): void {
  const declaration = withoutTypes(given);
  if (declaration === undefined) return;
  const id = declaration.id as SyntaxNode | null | undefined;
  const isDeclaration = declaration.type === 'FunctionDeclaration' || declaration.type === 'ClassDeclaration';
  if (declaration.type === 'Identifier') return void contents.exports.set('default', declaration.name as string);
  const name = isDeclaration && id ? (id.name as string) : DEFAULT_NAME;
  contents.exports.set('default', name);
  add(declaration, [name]);
}

function readImportEquals(contents: Contents, statement: SyntaxNode, add: Add): void {
  const local = nameOf(statement.id as SyntaxNode);
  const reference = statement.moduleReference as SyntaxNode;
  if (reference.type !== 'TSExternalModuleReference') return add(reference, [local]);
  const specifier = textOf(reference.expression as SyntaxNode) ?? '';
  contents.dependencies.add(specifier);
  contents.imports.set(local, { specifier, imported: '*' });
}

function namespace({ imports }: Contents, { type, name }: SyntaxNode): string | undefined {
  const from = type === 'Identifier' ? imports.get(name as string) : undefined;
  return from?.imported === '*' ? from.specifier : undefined;
}

interface Declaration {
  readonly node: SyntaxNode;
  readonly names: readonly string[];
  readonly keyword?: string;
}

/** Each variable by itself, so that a change of one does not count for who uses its neighbour. */
function declarationsIn(statement: SyntaxNode): readonly Declaration[] {
  switch (statement.type) {
    case 'VariableDeclaration':
      return (statement.declarations as SyntaxNode[]).map((node) => ({
        node,
        names: patternNames(node.id as SyntaxNode),
        keyword: statement.kind as string,
      }));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSEnumDeclaration':
      return [{ node: statement, names: [nameOf(statement.id as SyntaxNode)] }];
    case 'TSModuleDeclaration': {
      let id = statement.id as SyntaxNode;
      while (id.type === 'TSQualifiedName') id = id.left as SyntaxNode;
      return id.type === 'Identifier' ? [{ node: statement, names: [id.name as string] }] : [];
    }
    default:
      return [{ node: statement, names: varNames(statement) }];
  }
}

function nameOf(node: SyntaxNode): string {
  return (node.name ?? node.value ?? '') as string;
}

/** Whether an item can be changed by others: a variable that may hold an object or is assigned again, or a class. */
export function isState({ node, keyword }: Item): boolean {
  if (node.type === 'ClassDeclaration') return true;
  if (node.type !== 'VariableDeclarator' && keyword !== EXPORTS) return false;
  const value = keyword === EXPORTS ? node : (node.init as SyntaxNode | null);
  const init = value ? withoutTypes(value) : undefined;
  if (init === undefined || (keyword !== 'const' && keyword !== EXPORTS)) return true;
  return !isFunction(init) && init.type !== 'Literal' && init.type !== 'TemplateLiteral';
}
