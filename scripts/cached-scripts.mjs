// Node 20 compiles ES modules anew at every start: what V8 keeps of its work it takes back for scripts only. So the parts of dist/ that every start loads
// become scripts, each behind a small module that hands it what it imports and hands on what it exports (docs/decisions/0035). The part as it was
// stays beside it, for bundlers: `imports` of package.json says who gets which.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodesOf } from './syntax-tree.mjs';

/** The names in `imports` of package.json, without their `#`. */
const CACHED = ['core', 'run'];
/** What stands in a script for `import.meta.url` and `import`: as long as these, so that nothing moves. */
const [URL_NAME, IMPORT_NAME] = ['importMetaUrl$$', 'load$$'];

/** After all else that changes the text of parts. */
export function makeCachedScripts(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
  for (const path of files.map((file) => join(folder, file))) writeFileSync(path, withNamedParts(readFileSync(path, 'utf8')));
  for (const name of CACHED) makeCachedScript(join(folder, 'parts'), name);
}

/** `./core.js` becomes `#core`, wherever it is imported. */
function withNamedParts(code) {
  // Most files need not be parsed again to know that.
  if (!CACHED.some((name) => code.includes(`/${name}.js`))) return code;
  const edits = [];
  for (const { source } of nodesOf('file.js', code)) {
    const name = source && /^.\.{1,2}\/(?:parts\/)?([^/]+)\.js.$/.exec(code.slice(source.start, source.end))?.[1];
    if (CACHED.includes(name)) edits.push([source, `"#${name}"`]);
  }
  return edited(code, edits);
}

function makeCachedScript(parts, name) {
  const { imports, locals, exports, text } = asScript(readFileSync(join(parts, `${name}.js`), 'utf8'), name);
  // What was compiled is known by the name of its file.
  const file = `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.script.js`;
  writeFileSync(join(parts, file), text);
  const cache = join(parts, 'compile-cache.js');
  const runScript = exportsIn([...nodesOf(cache, readFileSync(cache, 'utf8'))]).exports.find(([local]) => local === 'runScript')[1];
  const module = [
    imports,
    `import{${runScript} as runScript$$}from"./compile-cache.js";`,
    `const{${exports.map(([, as]) => `${as}:$$${as}`)}}=`,
    `runScript$$(new URL("./${file}",import.meta.url).href)(import.meta.url,(name)=>import(name),{${locals}});`,
    `export{${exports.map(([, as]) => `$$${as} as ${as}`)}};\n`,
  ];
  writeFileSync(join(parts, `${name}.cached.js`), module.join(''));
}

/**
 * A module as a script, whose value is a function of what the module imports that gives what it exports: once, so nothing of that may change later.
 * All of it stays on its line and in its column, so that the source map of the module is that of the script.
 */
function asScript(code, name) {
  const nodes = [...nodesOf('file.js', code)];
  const declarations = nodes.filter(({ type }) => type === 'ImportDeclaration').sort((a, b) => a.start - b.start);
  const head = { start: 0, end: declarations.at(-1).end };
  const locals = declarations.flatMap(({ specifiers }) => specifiers.map(({ local }) => local.name));
  const { place, exports } = exportsIn(nodes);
  checkNeverAssigned(nodes, new Set(exports.map(([local]) => local)), name);
  const tail = `return{${exports.map(([local, as]) => `${as}:${local}`)}}})`;
  const text = edited(code, [
    [head, `"use strict";(function(${URL_NAME},${IMPORT_NAME},{${locals}}){`],
    ...nodes.filter(({ type }) => type === 'ImportExpression').map(({ start }) => [{ start, end: start + IMPORT_NAME.length }, IMPORT_NAME]),
    ...nodes.filter(isImportMetaUrl).map((node) => [node, URL_NAME]),
    [place, tail],
  ]);
  return { imports: code.slice(head.start, head.end), locals, exports, text };
}

function exportsIn(nodes) {
  const [place, ...others] = nodes.filter(({ type }) => /^Export.*Declaration$/.test(type));
  if (place === undefined || others.length > 0) throw new Error(`expected one list of exports; got ${others.length + 1}`);
  return { place, exports: place.specifiers.map(({ local, exported }) => [local.name, exported.name]) };
}

function isImportMetaUrl({ type, object, property }) {
  return type === 'MemberExpression' && object.type === 'MetaProperty' && property.name === 'url';
}

/** Names of locals are one letter long, so a name stands for what is exported. */
function checkNeverAssigned(nodes, exported, name) {
  const assigned = nodes.flatMap(({ type, left, argument }) =>
    type === 'AssignmentExpression' ? [left] : type === 'UpdateExpression' ? [argument] : [],
  );
  const changing = assigned.find((target) => target.type === 'Identifier' && exported.has(target.name));
  if (changing !== undefined) throw new Error(`expected exports of ${name}.js that never change; '${changing.name}' does`);
}

/** @param edits places, and what is there instead: filled up with spaces, so that nothing behind it moves */
function edited(code, edits) {
  let [text, done] = ['', 0];
  for (const [{ start, end }, instead] of edits.sort(([a], [b]) => a.start - b.start)) {
    if (instead.length > end - start) throw new Error(`expected room for ${instead.length} characters; there are ${end - start}`);
    text += code.slice(done, start) + instead.padEnd(end - start);
    done = end;
  }
  return text + code.slice(done);
}
