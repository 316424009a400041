import { hash } from 'node:crypto';
import { accessSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';

/**
 * What V8 has compiled of our own code is kept beside it, for the processes that follow: compiling is a sixth of a start of `millrace run`. Node
 * does so itself from 22.1 on, for a program that asks for it; this is for Node 20, and for those who import us (docs/decisions/0035).
 */

/** The first processes do different things, one computes and the next reuses: so many add what they had compiled. */
const KEPT_BY = 3;
/** Before what V8 gave: by how many processes, and the digest, for V8 trusts what it is given. */
const DIGEST_AT = 1;
const DATA_AT = DIGEST_AT + 32;

interface Loaded {
  readonly script: Script;
  readonly places: readonly string[];
  /** How many processes have added to what is kept. */
  readonly keptBy: number;
}

const loaded: Loaded[] = [];
let isAsked = false;

/**
 * Runs a script that the build has laid beside us, and gives its value.
 * @param url of a file of ASCII text, whose name changes with its text
 */
export function runScript(url: string): unknown {
  const file = fileURLToPath(url);
  const places = isOff() ? [] : placesFor(file);
  const kept = keptOf(file, places);
  const script = new Script(readFileSync(file, 'latin1'), { filename: url, cachedData: kept?.subarray(DATA_AT) });
  loaded.push({ script, places, keptBy: script.cachedDataRejected === false ? (kept?.[0] as number) : 0 });
  return script.runInThisContext();
}

/** A flow has been run: what is compiled when the process exits is worth keeping. */
export function keepCompiled(): void {
  if (isAsked || !hasUsualFlags()) return;
  isAsked = true;
  const growing = loaded.filter(({ keptBy }) => keptBy < KEPT_BY);
  if (growing.length > 0) process.once('exit', () => growing.forEach(keep));
}

/** Node keeps nothing either then. */
function isOff(): boolean {
  return process.env.NODE_DISABLE_COMPILE_CACHE !== undefined || process.env.NODE_V8_COVERAGE !== undefined;
}

/** V8 refuses what was compiled under other flags than its own: a process with rare ones must not take the place of all others. */
function hasUsualFlags(): boolean {
  return process.execArgv.length === 0 && process.env.NODE_OPTIONS === undefined;
}

/** Beside the script, where who may write can change the script too; else where Node keeps what it compiles for this user. */
function placesFor(file: string): readonly string[] {
  const name = `${basename(file)}.${process.version}-${process.platform}-${process.arch}.cache`;
  const shared = (module as { getCompileCacheDir?: () => string | undefined }).getCompileCacheDir?.();
  return [dirname(file), ...(shared === undefined ? [] : [shared])].map((folder) => join(folder, name));
}

/** Undefined where there is none, it is broken, or the script was changed by hand since. */
function keptOf(file: string, places: readonly string[]): Buffer | undefined {
  for (const place of places) {
    try {
      const kept = readFileSync(place);
      const isWhole = kept.subarray(DIGEST_AT, DATA_AT).equals(hash('sha256', kept.subarray(DATA_AT), 'buffer'));
      if (isWhole && statSync(place).mtimeMs >= statSync(file).mtimeMs) return kept;
    } catch {
      // There is none yet, or none that we may read.
    }
  }
  return undefined;
}

/** Nobody's work depends on it: where it cannot be kept, the next process compiles anew. */
function keep({ script, places, keptBy }: Loaded): void {
  try {
    const place = places.find((one) => isWritable(dirname(one)));
    if (place === undefined) return;
    const data = script.createCachedData();
    putWhole(place, Buffer.concat([Buffer.of(keptBy + 1), hash('sha256', data, 'buffer'), data]));
  } catch {
    // The disk is full, say.
  }
}

/** Others see all of it, or nothing. */
function putWhole(place: string, bytes: Uint8Array): void {
  const beside = `${place}.${process.pid}`;
  try {
    writeFileSync(beside, bytes);
    renameSync(beside, place);
  } finally {
    rmSync(beside, { force: true });
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
