// One variant of one workload in a process of its own. Prints its samples, one per repetition, as a line of JSON.
import { writeSync } from 'node:fs';
import process from 'node:process';

const [file, name, folder] = process.argv.slice(2);
const { workload } = await import(file);

if (name === 'prepare') {
  await workload.prepare({ folder });
  finish([]);
} else {
  // What is imported and built here is not measured.
  const run = await workload.variants[name]({ folder });
  const samples = [];
  for (let repetition = 0; repetition < workload.repetitions; repetition++) samples.push(await sample(run));
  finish(samples);
}

/** What a run returns, or else the milliseconds it took. */
async function sample(run) {
  const startedAt = performance.now();
  const measured = await run();
  return measured ?? performance.now() - startedAt;
}

function finish(samples) {
  writeSync(1, `${JSON.stringify(samples)}\n`);
  process.exit();
}
