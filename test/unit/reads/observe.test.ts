import * as byName from 'node:fs';
import fs, { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/base/clock.js';
import type { ReadSink } from '../../../src/model/file-read.js';
import { disk } from '../../../src/reads/disk.js';
import { contentAtOnce, contentOf, stateOf } from '../../../src/reads/file-digests.js';
import { observeReads } from '../../../src/reads/observe.js';
import { Places } from '../../../src/reads/places.js';
import { ReadLog } from '../../../src/reads/read-log.js';
import { folderWith } from './observing.js';

/** Whoever is asking at the moment. */
let sink: ReadSink | undefined;
const before = { ...fs, promises: { ...fs.promises } };

beforeAll(() => {
  observeReads(() => sink);
});

function observed<T>(log: ReadSink, part: () => T): T {
  sink = log;
  try {
    return part();
  } finally {
    sink = undefined;
  }
}

describe('wrapped functions', () => {
  it('are wrapped once, also where they were imported by name', () => {
    const once = fs.readFileSync;
    observeReads(() => undefined);
    expect(fs.readFileSync).toBe(once);
    expect(byName.readFileSync).toBe(once);
    expect(once).not.toBe(before.readFileSync);
    expect(disk().readFileSync).toBe(before.readFileSync);
  });

  it('keep name, length and properties', () => {
    const shapeOf = (object: object): unknown =>
      Object.entries(object)
        .filter(([, value]) => typeof value === 'function')
        .map(([name, value]) => [
          name,
          value.name,
          value.length,
          Reflect.ownKeys(value).filter((key) => key !== 'prototype' && key !== 'arguments' && key !== 'caller'),
        ]);
    expect(shapeOf(fs)).toEqual(shapeOf(before));
    expect(shapeOf(fs.promises)).toEqual(shapeOf(before.promises));
    expect(fs.realpath.native).not.toBe(before.realpath.native);
    expect(Object.keys(fs)).toEqual(Object.keys(before));
  });

  it('fail as they did, with nobody asking and with somebody', () => {
    const folder = folderWith();
    const failures = (): unknown[] =>
      [
        () => fs.readFileSync(join(folder, 'no')),
        () => fs.readFileSync({} as never),
        () => fs.openSync('\0', 'r'),
        () => fs.statSync(undefined as never),
      ].map((part) => {
        try {
          return part();
        } catch (error) {
          const { name, code, message } = error as NodeJS.ErrnoException;
          return { name, code, message };
        }
      });
    expect(failures()).toEqual(observed(logOf(folder), failures));
    expect(() => fs.readFile(join(folder, 'no'), undefined as never)).toThrow(TypeError);
  });

  it('a sink that throws harms nobody', () => {
    const folder = folderWith({ data: '1' });
    const broken = new Proxy({} as ReadSink, {
      get: () => () => {
        throw new Error('broken');
      },
    });
    expect(observed(broken, () => readFileSync(join(folder, 'data'), 'utf8'))).toBe('1');
  });

  it('a rejection nobody handles stays one', async () => {
    const folder = folderWith();
    const promise = observed(logOf(folder), () => fs.promises.readFile(join(folder, 'no')));
    await expect(promise).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

function logOf(root: string): ReadLog {
  return new ReadLog(new Places(root, undefined));
}

describe('a log', () => {
  it('holds the digest of what was read, also where the text does not tell it', async () => {
    const folder = folderWith();
    const bytes = Buffer.from([0xff, 0xfe, 0x61, 0x00]);
    writeFileSync(join(folder, 'odd'), bytes);
    const log = logOf(folder);
    observed(log, () => readFileSync(join(folder, 'odd'), 'utf8'));
    await log.close();
    expect(log.result.reads).toEqual([{ path: 'odd', question: 'content', answer: contentAtOnce(join(folder, 'odd')).answer }]);
  });

  it('a large file is digested without holding up others, and known again by its state', async () => {
    const folder = folderWith({ large: '' });
    const path = join(folder, 'large');
    truncateSync(path, 3_000_000);
    // Long after the file was last changed: only then does its state tell of every change.
    vi.spyOn(systemClock, 'now').mockReturnValue(Date.now() + 10_000);
    const log = logOf(folder);
    observed(log, () => fs.closeSync(fs.openSync(path, 'r')));
    const closing = log.close();
    expect(closing).toBeInstanceOf(Promise);
    await closing;
    const [read] = log.result.reads ?? [];
    expect(read).toMatchObject({ path: 'large', question: 'content', answer: contentAtOnce(path).answer, seen: stateOf(path).state });
    expect(contentOf(path)).not.toBeInstanceOf(Promise);
  });

  it('thousands of files are digested in slices', async () => {
    const folder = folderWith();
    const log = logOf(folder);
    for (let n = 0; n < 600; n++) {
      writeFileSync(join(folder, `f${n}`), String(n));
      log.asked(join(folder, `f${n}`), 'content');
    }
    let turns = 0;
    const turn = (): void => {
      turns++;
      timer = setImmediate(turn);
    };
    let timer = setImmediate(turn);
    await log.close();
    clearImmediate(timer);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(log.result.reads).toHaveLength(600);
  });

  it('pipes and folders have no content, and are not waited for', async () => {
    const folder = folderWith();
    mkdirSync(join(folder, 'sub'));
    const log = logOf(folder);
    log.asked(join(folder, 'sub'), 'content');
    log.asked(join(folder, 'none'), 'content');
    await log.close();
    expect(log.result.reads?.map(({ path, answer }) => [path, answer])).toEqual([
      ['none', 'absent'],
      ['sub', 'folder'],
    ]);
  });
});

describe('places', () => {
  it('are relative inside the root, absolute elsewhere, and come back', () => {
    const places = new Places('/project', '/project/.millrace');
    for (const [path, name] of [
      ['/project/data/a.csv', 'data/a.csv'],
      ['/project', '.'],
      ['/project/..x/a', '..x/a'],
      ['/projects/a', '/projects/a'],
      ['/elsewhere', '/elsewhere'],
    ] as const) {
      expect(places.nameOf(path)).toBe(name);
      expect(places.pathOf(name)).toBe(path);
    }
  });

  it('that do not count: packages, the project folder, the system', () => {
    const places = new Places('/project', '/project/.millrace');
    const counted = (path: string): boolean => places.counts(path);
    expect(['/project/x', '/project/.millrace2', '/etc/hosts', '/process', '/project/node_modules.txt'].filter(counted)).toHaveLength(5);
    expect(
      ['/project/node_modules/a/b', '/project/.millrace', '/project/.millrace/store/x', '/proc/1/stat', '/dev/null', '/sys'].filter(counted),
    ).toEqual([]);
  });
});
