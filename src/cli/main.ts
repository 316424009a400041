#!/usr/bin/env node
import module from 'node:module';

// Before anything else is loaded: from Node 22 on, what is compiled once need not be compiled again.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

/** After a command is done, what user code left open may keep the process for this long and no longer. */
const LINGER_MS = 1_000;

const { runCommandLine } = await import('./program.js');

for (const stream of [process.stdout, process.stderr]) {
  // Whoever read has gone (`millrace runs | head -1`): there is nobody to tell.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  now: Date.now,
});

setTimeout(() => process.exit(), LINGER_MS).unref();
