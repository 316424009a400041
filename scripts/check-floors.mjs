// Checks the architecture of src/: imports point downward, types included; the folders of a floor do not know each other; no circles.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseSync, Visitor } from 'rolldown/utils';

/** The floors, lowest first. Files directly in src/ stand on top of them all, and nothing may import those. */
export const FLOORS = [
  ['base'],
  ['model'],
  ['graph'],
  ['flow', 'results', 'cache', 'code', 'schedule', 'runs', 'log', 'reads'],
  ['engine'],
  ['executors', 'report', 'notify'],
  ['runtime'],
  ['service', 'server'],
  ['serving'],
  ['client', 'cli', 'testing', 'decorators'],
];
const TOP = FLOORS.length;

/**
 * @typedef {{ readonly file: string, readonly line: number, readonly specifier: string }} Import
 * `file` is relative to src, with `/`.
 */

/**
 * @param {string} src the folder with the floors in it
 * @returns {{ files: number, imports: number, problems: string[] }} a problem starts with where it is: `src/x/y.ts:12 …`
 */
export function checkFloors(src) {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => /\.[cm]?tsx?$/.test(file))
    .sort();
  const imports = files.flatMap((file) => importsOf(file, readFileSync(join(src, file), 'utf8')));
  const problems = [...files.flatMap(checkPlace), ...imports.flatMap(checkImport), ...findCircles(files, imports)];
  return { files: files.length, imports: imports.length, problems };
}

/**
 * Everything that names another module: imports and re-exports, of values and of types, `import()` in expressions and in types.
 * @returns {Import[]}
 */
function importsOf(file, text) {
  const { program, errors } = parseSync(file, text);
  if (errors.length > 0) throw new Error(`src/${file} cannot be parsed: ${errors[0]?.message}`);
  const found = [];
  const add = (node) => {
    if (typeof node?.value !== 'string') return;
    found.push({ file, line: text.slice(0, node.start).split('\n').length, specifier: node.value });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
  }).visit(program);
  return found;
}

function checkPlace(file) {
  if (floorOf(file) !== undefined) return [];
  return [`src/${file}:1 lies in '${folderOf(file)}', which is on no floor: add it to the table in scripts/check-floors.mjs`];
}

/** @param {Import} one */
function checkImport({ file, line, specifier }) {
  const at = `src/${file}:${line}`;
  if (specifier === 'millrace' || specifier.startsWith('millrace/')) return [`${at} imports the package by its own name: '${specifier}'`];
  const target = targetOf(file, specifier);
  if (target === undefined) return [];
  if (target.startsWith('../')) return [`${at} imports from outside src/: '${specifier}'`];
  const [from, to] = [floorOf(file), floorOf(target)];
  if (from === undefined || to === undefined || folderOf(file) === folderOf(target)) return [];
  const arrow = `${named(file)} -> ${named(target)}`;
  if (to > from) return [`${at} imports upward: ${arrow}`];
  if (to === from) return [`${at} imports sideways: ${arrow}`];
  return [];
}

/** Takes away what imports nothing until only circles and what leads to them are left; then walks into one, reports and cuts it. */
function findCircles(files, imports) {
  const edges = new Map(files.map((file) => [file, new Map()]));
  for (const { file, line, specifier } of imports) {
    const target = targetOf(file, specifier);
    if (edges.has(target) && !edges.get(file).has(target)) edges.get(file).set(target, line);
  }
  const problems = [];
  for (;;) {
    dropLeaves(edges);
    const [start] = edges.keys();
    if (start === undefined) return problems;
    const circle = walkIntoCircle(edges, start);
    const [last, first] = [circle.at(-1), circle[0]];
    problems.push(`src/${last}:${edges.get(last).get(first)} closes a circle: ${[...circle, first].join(' -> ')}`);
    edges.get(last).delete(first);
  }
}

function dropLeaves(edges) {
  const isLeaf = ([, targets]) => targets.size === 0;
  for (let leaves = [...edges].filter(isLeaf); leaves.length > 0; leaves = [...edges].filter(isLeaf)) {
    for (const [leaf] of leaves) {
      edges.delete(leaf);
      for (const targets of edges.values()) targets.delete(leaf);
    }
  }
}

function walkIntoCircle(edges, start) {
  const path = [start];
  for (;;) {
    const [next] = edges.get(path.at(-1)).keys();
    const seenAt = path.indexOf(next);
    if (seenAt >= 0) return path.slice(seenAt);
    path.push(next);
  }
}

/** The file of src/ that a relative specifier means; undefined for packages and builtins. */
function targetOf(file, specifier) {
  if (!specifier.startsWith('.')) return undefined;
  return posix.join(dirname(file), specifier).replace(/\.([cm]?)js(x?)$/, '.$1ts$2');
}

function folderOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : '';
}

function floorOf(file) {
  const folder = folderOf(file);
  if (folder === '') return TOP;
  const floor = FLOORS.findIndex((folders) => folders.includes(folder));
  return floor === -1 ? undefined : floor;
}

function named(file) {
  return `${folderOf(file) || file} (${floorOf(file) === TOP ? 'top' : floorOf(file)})`;
}

function main() {
  const { files, imports, problems } = checkFloors(fileURLToPath(new URL('../src', import.meta.url)));
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`floors: ${files} files, ${imports} imports, all downward, no circles`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) main();
