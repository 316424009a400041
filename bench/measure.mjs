import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const CHILD = fileURLToPath(new URL('child.mjs', import.meta.url));

/** A workload that repeats itself within a process needs fewer of them. */
const ROUNDS = 3;
const ROUNDS_OF_ONE = 5;

/**
 * Runs each variant of a workload in fresh processes, in turns (ours, peer, ours, peer …), so that whatever else the machine does at the
 * time falls on both. Each round begins with another one: what a variant leaves behind (writes on their way to the disk) falls on the next.
 * @returns samples by variant, by round, by repetition
 */
export async function measure(file, workload, rounds = workload.repetitions === 1 ? ROUNDS_OF_ONE : ROUNDS) {
  const servers = await workload.start?.();
  try {
    return measureRounds(file, workload, rounds, { ...process.env, ...servers?.env });
  } finally {
    await servers?.stop();
  }
}

function measureRounds(file, workload, rounds, env) {
  const names = Object.keys(workload.variants);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  const inFreshProcess = (variant, folder) => runChild(workload, [file, variant, folder], env);
  for (let round = 0; round < rounds; round++) {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'));
    try {
      if (workload.prepare) inFreshProcess('prepare', folder);
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + turn) % names.length];
        samples[name].push(inFreshProcess(name, folder));
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return samples;
}

function runChild(workload, args, env) {
  const flags = workload.flags ?? [];
  const child = spawnSync(process.execPath, [...flags, CHILD, ...args], { encoding: 'utf8', maxBuffer: 2 ** 26, env });
  if (child.status === 0) return JSON.parse(child.stdout.trimEnd().split('\n').at(-1));
  const why = child.signal ?? `exit code ${child.status}`;
  throw new Error(`${workload.goal} '${args[1]}' failed (${why}):\n${child.stderr}`);
}
