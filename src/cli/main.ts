#!/usr/bin/env node
import module from 'node:module';

// Before anything else is loaded: from Node 22 on, what is compiled once need not be compiled again.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

/** What Node itself exits with when a program waits for what nothing can settle any more. */
const NEVER_SETTLED = 13;

/** After a command is done, what user code left open may keep the process for this long and no longer. */
const LINGER_MS = 1_000;

for (const stream of [process.stdout, process.stderr]) {
  // Whoever read has gone (`millrace runs | head -1`): there is nobody to tell.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

/**
 * Not awaited at the top level: where the build puts this file and the commands into one module, the import would wait for that module, and
 * that module for the import.
 */
async function main(): Promise<void> {
  const onExit = (code: number): void => {
    if (code === 0) process.exitCode = NEVER_SETTLED;
  };
  process.once('exit', onExit);
  const { runCommandLine } = await import('./program.js');
  process.exitCode = await runCommandLine(process.argv.slice(2), {
    out: process.stdout,
    err: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
  });
  process.off('exit', onExit);
  process.once('beforeExit', leaveAtOnce);
  setTimeout(leave, LINGER_MS).unref();
}

/** Nothing is left to do. Node would take its heap apart piece by piece now, which takes longer than running a small task. */
function leaveAtOnce(): void {
  // Somebody else may begin something new.
  if (process.listenerCount('beforeExit') === 0) process.exit();
}

/** Whoever reads slowly (`| less`) is to have all of it; that holds the process anyway. */
function leave(): void {
  const isRead = [process.stdout, process.stderr].every((stream) => stream.destroyed || stream.writableLength === 0);
  if (isRead) process.exit();
  else setTimeout(leave, LINGER_MS).unref();
}

void main();
