import fs, {
  accessSync,
  appendFileSync,
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import fsPromises, { open, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { cache, flow, task } from '../../../src/index.js';
import { freshHome, inMemory, recorded } from '../engine/workbench.js';

const ROOT = mkdtempSync(join(tmpdir(), 'millrace-reads-'));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));

/** A folder of its own for each case, with one of each kind in it. */
function folderOfFiles(): string {
  const folder = mkdtempSync(join(ROOT, 'case-'));
  writeFileSync(join(folder, 'data.csv'), 'one,two\n1,2\n');
  writeFileSync(join(folder, 'other.csv'), 'other');
  mkdirSync(join(folder, 'list', 'below'), { recursive: true });
  writeFileSync(join(folder, 'list', 'a.txt'), 'a');
  writeFileSync(join(folder, 'list', 'below', 'b.txt'), 'b');
  symlinkSync('data.csv', join(folder, 'link'));
  return folder;
}

type Read = (folder: string) => unknown;

/** What happens to the files between two runs, and how it is undone. */
interface Change {
  readonly change: (folder: string) => void;
  readonly undo: (folder: string) => void;
}

const data = (folder: string): string => join(folder, 'data.csv');
const list = (folder: string): string => join(folder, 'list');
const out = (folder: string): string => join(mkdtempSync(join(folder, 'out-')), 'copy');
const byCallback = (call: (done: (error: Error | null, value?: unknown) => void) => void): Promise<unknown> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))));
const withHandle = async (folder: string, use: (handle: fsPromises.FileHandle) => unknown): Promise<unknown> => {
  await using handle = await open(data(folder));
  return String(await use(handle));
};
const required = createRequire(import.meta.url)('fs') as typeof fs;
const newer = fs as typeof fs & {
  globSync?: (pattern: string, options: object) => string[];
  glob?: (pattern: string, options: object, done: (error: Error | null, names?: unknown) => void) => void;
  promises: { glob?: (pattern: string, options: object) => AsyncIterable<string> };
};

const CONTENT: Readonly<Record<string, Read>> = {
  'readFileSync, imported by name': (folder) => readFileSync(data(folder)).toString(),
  'readFileSync as text': (folder) => readFileSync(data(folder), 'utf8'),
  'readFileSync with options': (folder) => readFileSync(data(folder), { encoding: 'latin1', flag: 'r' }),
  'readFileSync in another encoding': (folder) => readFileSync(data(folder), 'hex'),
  'readFileSync of the default import': (folder) => fs.readFileSync(data(folder)).toString(),
  'readFileSync of require': (folder) => required.readFileSync(data(folder)).toString(),
  'readFileSync by URL': (folder) => readFileSync(pathToFileURL(data(folder)), 'utf8'),
  'readFileSync by a path in bytes': (folder) => readFileSync(Buffer.from(data(folder)), 'utf8'),
  'readFileSync through a link': (folder) => readFileSync(join(folder, 'link'), 'utf8'),
  'readFileSync of an open file': (folder) => {
    const fd = openSync(data(folder), 'r');
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      fs.closeSync(fd);
    }
  },
  'openSync and readSync': (folder) => {
    const fd = fs.openSync(data(folder), 'r');
    const bytes = Buffer.alloc(20);
    fs.readSync(fd, bytes);
    fs.closeSync(fd);
    return bytes.toString();
  },
  'openSync and readvSync': (folder) => {
    const fd = fs.openSync(data(folder), fs.constants.O_RDONLY);
    const bytes = Buffer.alloc(20);
    fs.readvSync(fd, [bytes]);
    fs.closeSync(fd);
    return bytes.toString();
  },
  'readFile with a callback': (folder) => byCallback((done) => fs.readFile(data(folder), 'utf8', done)),
  'readFile, promisified': (folder) => promisify(fs.readFile)(data(folder), 'utf8'),
  'open and read with callbacks': async (folder) => {
    const fd = (await byCallback((done) => fs.open(data(folder), done))) as number;
    const { buffer: bytes } = await promisify(fs.read)(fd, Buffer.alloc(20), 0, 20, 0);
    fs.closeSync(fd);
    return bytes.toString();
  },
  'open and readv with callbacks': async (folder) => {
    const fd = (await byCallback((done) => fs.open(data(folder), 'r', done))) as number;
    const bytes = Buffer.alloc(20);
    await byCallback((done) => fs.readv(fd, [bytes], done));
    fs.closeSync(fd);
    return bytes.toString();
  },
  'readFile of fs/promises': (folder) => readFile(data(folder), 'utf8'),
  'readFile of fs.promises': async (folder) => (await fs.promises.readFile(data(folder))).toString(),
  'readFile of fs/promises by a handle': (folder) => withHandle(folder, (handle) => readFile(handle, 'utf8')),
  'handle.readFile': (folder) => withHandle(folder, (handle) => handle.readFile('utf8')),
  'handle.read': (folder) => withHandle(folder, async (handle) => (await handle.read(Buffer.alloc(20))).buffer),
  'handle.readv': (folder) => withHandle(folder, async (handle) => (await handle.readv([Buffer.alloc(20)])).buffers[0]),
  'handle.readLines': (folder) =>
    withHandle(folder, async (handle) => {
      const lines: string[] = [];
      for await (const line of handle.readLines()) lines.push(line);
      return lines;
    }),
  'handle.createReadStream': (folder) => withHandle(folder, (handle) => buffer(handle.createReadStream({ autoClose: false }))),
  'handle.readableWebStream': (folder) =>
    withHandle(folder, async (handle) => {
      const texts: string[] = [];
      for await (const bytes of handle.readableWebStream()) texts.push(Buffer.from(bytes as ArrayBuffer).toString());
      return texts.join('');
    }),
  createReadStream: async (folder) => (await buffer(createReadStream(data(folder)))).toString(),
  'createReadStream of a part': async (folder) => (await buffer(createReadStream(data(folder), { start: 2, end: 9 }))).toString(),
  'createReadStream of an open file': async (folder) => (await buffer(createReadStream('', { fd: openSync(data(folder), 'r') }))).toString(),
  'new ReadStream': async (folder) => (await buffer(new fs.ReadStream(data(folder) as never))).toString(),
  'a stream read line by line': async (folder) => {
    const lines: string[] = [];
    for await (const line of createInterface({ input: createReadStream(data(folder)) })) lines.push(line);
    return lines.join();
  },
  'a stream in a pipeline': async (folder) => {
    let text = '';
    await pipeline(
      createReadStream(data(folder)),
      new Writable({
        write(bytes, _, done) {
          text += String(bytes);
          done();
        },
      }),
    );
    return text;
  },
  openAsBlob: async (folder) => (await fs.openAsBlob(data(folder))).text(),
  copyFileSync: (folder) => fs.copyFileSync(data(folder), out(folder)),
  'copyFile with a callback': (folder) => byCallback((done) => fs.copyFile(data(folder), out(folder), done)),
  'copyFile of fs/promises': (folder) => fsPromises.copyFile(data(folder), out(folder)),
  cpSync: (folder) => fs.cpSync(data(folder), out(folder)),
  'cp with a callback': (folder) => byCallback((done) => fs.cp(data(folder), out(folder), done)),
  'cp of fs/promises': (folder) => fsPromises.cp(data(folder), out(folder)),
  'what was appended to': (folder) => {
    const copy = out(folder);
    fs.copyFileSync(data(folder), copy);
    return readFileSync(copy, 'utf8');
  },
  'a file opened for reading and writing': (folder) => {
    const fd = openSync(data(folder), 'r+');
    const text = readFileSync(fd, 'utf8');
    fs.closeSync(fd);
    return text;
  },
};

const DEEP_CONTENT: Readonly<Record<string, Read>> = {
  'cpSync of a folder': (folder) => fs.cpSync(list(folder), out(folder), { recursive: true }),
  'cp of a folder with a callback': (folder) => byCallback((done) => fs.cp(list(folder), out(folder), { recursive: true }, done)),
  'cp of a folder of fs/promises': (folder) => fsPromises.cp(list(folder), out(folder), { recursive: true }),
};

const missing = (folder: string): string => join(folder, 'missing.csv');
const PRESENCE: Readonly<Record<string, Read>> = {
  existsSync: (folder) => existsSync(missing(folder)),
  'exists with a callback': (folder) => new Promise((resolve) => fs.exists(missing(folder), resolve)),
  'exists, promisified': (folder) => promisify(fs.exists)(missing(folder)),
  accessSync: (folder) => attempted(() => accessSync(missing(folder))),
  'access with a callback': (folder) => attemptedLater(byCallback((done) => fs.access(missing(folder), done))),
  'access of fs/promises': (folder) => attemptedLater(fsPromises.access(missing(folder), fs.constants.R_OK)),
  'statSync of what may be missing': (folder) => statSync(missing(folder), { throwIfNoEntry: false })?.size,
  'stat of fs/promises, failing': (folder) => attemptedLater(fsPromises.stat(missing(folder))),
  'lstat with a callback, failing': (folder) => attemptedLater(byCallback((done) => fs.lstat(missing(folder), done))),
  'readFileSync, failing': (folder) => attempted(() => readFileSync(missing(folder))),
  'readFile of fs/promises, failing': (folder) => attemptedLater(readFile(missing(folder))),
  'readFile with a callback, failing': (folder) => attemptedLater(byCallback((done) => fs.readFile(missing(folder), done))),
  'open of fs/promises, failing': (folder) => attemptedLater(open(missing(folder))),
  'createReadStream, failing': (folder) => attemptedLater(buffer(createReadStream(missing(folder)))),
  'readdirSync, failing': (folder) => attempted(() => readdirSync(missing(folder))),
  'realpathSync, failing': (folder) => attempted(() => realpathSync(missing(folder))),
};

function attempted(part: () => unknown): string {
  try {
    return `${typeof part()}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}

async function attemptedLater(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    async (value) => {
      await (value as Partial<AsyncDisposable> | undefined)?.[Symbol.asyncDispose]?.();
      return 'yes';
    },
    (error: NodeJS.ErrnoException) => String(error.code),
  );
}

const SIZE: Readonly<Record<string, Read>> = {
  statSync: (folder) => statSync(data(folder)).size,
  'statSync with bigint': (folder) => statSync(data(folder), { bigint: true }).size,
  'stat with a callback': async (folder) => ((await byCallback((done) => fs.stat(data(folder), done))) as fs.Stats).size,
  'stat of fs/promises': async (folder) => (await fsPromises.stat(data(folder))).size,
  lstatSync: (folder) => fs.lstatSync(data(folder)).size,
  'lstat with a callback': async (folder) => ((await byCallback((done) => fs.lstat(data(folder), done))) as fs.Stats).size,
  'lstat of fs/promises': async (folder) => (await fsPromises.lstat(data(folder))).size,
};

const TIME: Readonly<Record<string, Read>> = {
  'mtimeMs of statSync': (folder) => statSync(data(folder)).mtimeMs,
  'mtime of statSync': (folder) => statSync(data(folder)).mtime.toISOString(),
  'mtimeNs of statSync': (folder) => statSync(data(folder), { bigint: true }).mtimeNs,
  'mtimeMs of stat with a callback': async (folder) => ((await byCallback((done) => fs.stat(data(folder), done))) as fs.Stats).mtimeMs,
  'mtimeMs of stat of fs/promises': async (folder) => (await fsPromises.stat(data(folder))).mtimeMs,
  'mtimeMs of lstatSync': (folder) => fs.lstatSync(data(folder)).mtimeMs,
  'mtimeMs of handle.stat': async (folder) => {
    await using handle = await open(data(folder));
    return (await handle.stat()).mtimeMs;
  },
  'mtimeMs of fstatSync': (folder) => {
    const fd = openSync(data(folder), 'r');
    const { mtimeMs } = fs.fstatSync(fd);
    fs.closeSync(fd);
    return mtimeMs;
  },
  'all of it, copied': (folder) => Object.keys({ ...statSync(data(folder)) }).length,
};

const NAMES: Readonly<Record<string, Read>> = {
  readdirSync: (folder) => readdirSync(list(folder)),
  'readdirSync in bytes': (folder) => readdirSync(list(folder), 'buffer').map(String),
  'readdirSync with types': (folder) => readdirSync(list(folder), { withFileTypes: true }).map((entry) => `${entry.name} ${entry.isFile()}`),
  'readdir with a callback': (folder) => byCallback((done) => fs.readdir(list(folder), done)),
  'readdir of fs/promises': (folder) => fsPromises.readdir(list(folder)),
  opendirSync: (folder) => {
    const names: string[] = [];
    const dir = fs.opendirSync(list(folder));
    for (let entry = dir.readSync(); entry; entry = dir.readSync()) names.push(entry.name);
    dir.closeSync();
    return names.sort();
  },
  'opendir with a callback': async (folder) => names((await byCallback((done) => fs.opendir(list(folder), done))) as fs.Dir),
  'opendir of fs/promises': async (folder) => names(await fsPromises.opendir(list(folder))),
  ...(newer.globSync === undefined
    ? {}
    : {
        globSync: (folder) => newer.globSync?.('list/*.txt', { cwd: folder }),
        'glob with a callback': (folder) => byCallback((done) => newer.glob?.('*.txt', { cwd: list(folder) }, done)),
        'glob of fs/promises': async (folder) => {
          const found: string[] = [];
          for await (const name of newer.promises.glob?.('list/*.txt', { cwd: folder }) ?? []) found.push(name);
          return found;
        },
      }),
};

const DEEP_NAMES: Readonly<Record<string, Read>> = {
  'readdirSync, recursive': (folder) => readdirSync(list(folder), { recursive: true }).length,
  'readdirSync, recursive with types': (folder) => readdirSync(list(folder), { recursive: true, withFileTypes: true }).length,
  'readdir of fs/promises, recursive': async (folder) => (await fsPromises.readdir(list(folder), { recursive: true })).length,
  'opendir of fs/promises, recursive': async (folder) => (await names(await fsPromises.opendir(list(folder), { recursive: true }))).length,
};

async function names(dir: fs.Dir): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of dir) found.push(entry.name);
  return found.sort();
}

const link = (folder: string): string => join(folder, 'link');
const LINKS: Readonly<Record<string, Read>> = {
  readlinkSync: (folder) => readlinkSync(link(folder)),
  'readlink with a callback': (folder) => byCallback((done) => fs.readlink(link(folder), done)),
  'readlink of fs/promises': (folder) => fsPromises.readlink(link(folder)),
  realpathSync: (folder) => realpathSync(link(folder)),
  'realpathSync.native': (folder) => realpathSync.native(link(folder)),
  'realpath with a callback': (folder) => byCallback((done) => fs.realpath(link(folder), done)),
  'realpath.native with a callback': (folder) => byCallback((done) => fs.realpath.native(link(folder), done)),
  'realpath of fs/promises': (folder) => fsPromises.realpath(link(folder)),
  'content through it': (folder) => readFileSync(link(folder), 'utf8'),
};

const writing = (path: (folder: string) => string, text: string): ((folder: string) => void) => {
  return (folder) => writeFileSync(path(folder), text);
};
const relink = (target: string) => (folder: string) => {
  rmSync(link(folder));
  symlinkSync(target, link(folder));
};

const KINDS: readonly (readonly [string, Readonly<Record<string, Read>>, Change])[] = [
  ['content', CONTENT, { change: writing(data, 'other\n3,4,5\n'), undo: writing(data, 'one,two\n1,2\n') }],
  [
    'content below',
    DEEP_CONTENT,
    { change: writing((folder) => join(list(folder), 'below', 'b.txt'), 'B!'), undo: writing((folder) => join(list(folder), 'below', 'b.txt'), 'b') },
  ],
  ['presence', PRESENCE, { change: writing(missing, 'here'), undo: (folder) => rmSync(missing(folder)) }],
  ['size', SIZE, { change: (folder) => appendFileSync(data(folder), 'more'), undo: writing(data, 'one,two\n1,2\n') }],
  ['time', TIME, { change: (folder) => utimesSync(data(folder), 5_000, 6_000), undo: (folder) => utimesSync(data(folder), 5_000, 1_700_000_000) }],
  ['names', NAMES, { change: writing((folder) => join(list(folder), 'new.txt'), ''), undo: (folder) => rmSync(join(list(folder), 'new.txt')) }],
  [
    'names below',
    DEEP_NAMES,
    { change: writing((folder) => join(list(folder), 'below', 'new.txt'), ''), undo: (folder) => rmSync(join(list(folder), 'below', 'new.txt')) },
  ],
  ['links', LINKS, { change: relink('other.csv'), undo: relink('data.csv') }],
];

describe.each([
  ['sqlite', freshHome],
  ['memory', inMemory],
] as const)('S22b: what a cached task reads counts; record: %s', (record, home) => {
  for (const [kind, reads, { change, undo }] of KINDS) {
    it.each(Object.entries(reads))(`${kind}: %s`, async (name, read) => {
      home();
      const folder = folderOfFiles();
      utimesSync(data(folder), 5_000, 1_700_000_000);
      let ran = 0;
      const load = task(
        async () => {
          ran++;
          return (await read(folder)) ?? 'nothing';
        },
        // What is in memory lasts as long as the process: each case has a task of its own.
        { name: 'load', version: `${kind}: ${name}`, cache: cache.default },
      );
      const reading = flow(`read-${kind.replaceAll(' ', '-')}`, () => load());
      const first = await reading.run();
      expect([await reading.run(), ran], `${name}: nothing has changed`).toEqual([first, 1]);
      change(folder);
      await reading.run();
      expect(ran, `${name}: changed`).toBe(2);
      if (record === 'sqlite') expect((await recorded(`${reading.flowName}/latest`)).task('load#0').reason).toMatchObject({ kind: 'file-changed' });
      await reading.run();
      expect(ran, `${name}: changed, and run before`).toBe(2);
      undo(folder);
      // The time a file was last changed inside can never be put back: who copied it all depends on that too.
      const isForGood = name === 'all of it, copied';
      expect(await reading.run()).toEqual(isForGood ? expect.anything() : first);
      expect(ran, `${name}: as at first`).toBe(isForGood ? 3 : 2);
    });
  }
});
