import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));

/** What Node reads before the first line of whoever imports this file: it and what it imports, but for what is imported later. */
function loadedWith(file: string): string {
  const texts = new Map<string, string>();
  const load = (path: string): void => {
    if (texts.has(path)) return;
    const text = readFileSync(path, 'utf8');
    texts.set(path, text);
    for (const [, imported, script] of text.matchAll(/(?:from|import)"([.#][^"]+)"|new URL\("([^"]+\.script\.js)"/g))
      load(pathOf(imported ?? (script as string), dirname(path)));
  };
  load(join(DIST, file));
  return [...texts.values()].join('\n');
}

/** Of a part that is kept compiled Node gets the module before the script, as `imports` of package.json says. */
function pathOf(imported: string, folder: string): string {
  return imported.startsWith('#') ? join(DIST, 'parts', `${imported.slice(1)}.cached.js`) : join(folder, imported);
}

function defines(text: string, name: string): boolean {
  return new RegExp(`class ${name}\\b|\\b${name}=class\\b`).test(text);
}

it.each(['index.js', 'decorators/index.js', 's3.js'])(
  '%s loads neither what looks back, nor drawings, nor PostgreSQL, nor what delivers notifications',
  (entry) => {
    const text = loadedWith(entry);
    expect(defines(text, 'TaskGraph')).toBe(true);
    expect(['PastRun', 'PostgresRecord', 'Tracer', 'SourceLook', 'DeliveryError'].filter((name) => defines(text, name))).toEqual([]);
  },
);

/** Each takes Node about a millisecond to load, and no run needs it before it does something out of the common. */
const LATER = ['node:child_process', 'node:http', 'node:net', 'node:stream/web', 'node:v8', 'node:worker_threads', 'node:zlib'];

it.each(['index.js', 'parts/program.js'])('%s loads no module of Node that can wait', (entry) => {
  expect(LATER.filter((name) => loadedWith(entry).includes(`from"${name}"`))).toEqual([]);
});

/** Compiled anew, where nothing was kept, it takes some fifty milliseconds for a megabyte. Raised only by the change that causes it. */
it.each([
  ['index.js', 568_000],
  ['parts/program.js', 655_500],
])('%s loads few bytes', (entry, most) => expect(loadedWith(entry).length).toBeLessThan(most));

it('`millrace run` passes over what tells people, looks back, draws and reads sources', () => {
  const text = loadedWith('parts/program.js');
  expect(defines(text, 'Command')).toBe(true);
  expect(['LiveView', 'PastRun', 'Tracer', 'SourceLook', 'MemoryRecord'].filter((name) => defines(text, name))).toEqual([]);
});

/** Looking back, a new or an old record, the parser of sources, tables in databases: each has a door that is imported when needed. */
const BEHIND_DOORS = ['findRuns', 'removeRuns', 'SCHEMA_1', 'gatherSources', 'writeRows'];

it.each(['index.js', 'parts/program.js'])('%s leaves behind their doors what few runs need', (entry) => {
  const text = loadedWith(entry);
  expect(text).toContain('function findEntries(');
  expect(BEHIND_DOORS.filter((name) => new RegExp(`(?:function|const) ${name}\\b`).test(text))).toEqual([]);
});

it('the text is ASCII, which Node reads several times faster, and holds in half the memory', () => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is where ASCII begins
  expect(loadedWith('parts/program.js')).toMatch(/^[\u0000-\u007f]*$/);
});

it('millrace/client looks back', () => expect(defines(loadedWith('client/index.js'), 'PastRun')).toBe(true));
