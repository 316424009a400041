import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const MANY = 1_000_000;
const FEW = 100_000;
/** To a pipe, what console.log does takes several times as long. */
const PIPED = 300_000;
const INDEX = new URL('../../dist/index.js', import.meta.url).href;
const CLI = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Prints in one go, or gives way after every hundred lines. */
const PRINTS = `
async function prints(count, givesWay) {
  for (let n = 0; n < count; n++) {
    console.log(\`line \${n}: what a task has to say about what it does\`);
    if (givesWay && n % 100 === 99) await new Promise((resolve) => setImmediate(resolve));
  }
}`;

const TASK = `
const { flow, task } = await import(${JSON.stringify(INDEX)});
const work = task(() => prints(count, givesWay), { name: 'work' });
const run = () => flow('prints', () => work()).run();`;

const PLAIN = `
const run = () => prints(count, givesWay);`;

/** As `millrace run` has it: each line is a line of JSON on its output. */
const FLOW = `
import { writeFileSync } from 'node:fs';
import { flow, task } from ${JSON.stringify(INDEX)};
${PRINTS}
const work = task(async () => {
  const began = Date.now();
  const startedAt = performance.now();
  await prints(${PIPED}, false);
  writeFileSync(process.env.RESULT, JSON.stringify({ ms: performance.now() - startedAt, began }));
}, { name: 'work' });
export default flow('prints', () => work());
`;

/** Says in a file how long it took, and the most memory it held, over what it held before. */
const MEASURED = `
import { writeFileSync } from 'node:fs';
const [count, givesWay, result] = [Number(process.argv[2]), process.argv[3] === 'true', process.argv[4]];
const BODY
const before = process.resourceUsage().maxRSS;
const began = Date.now();
const startedAt = performance.now();
await run();
writeFileSync(result, JSON.stringify({ ms: performance.now() - startedAt, began, kilobytes: process.resourceUsage().maxRSS - before }));
`;

export const workload = {
  goal: 'G19',
  title: 'a task that prints 1,000,000 lines, output to a file',
  repetitions: 1,
  variants: {
    millrace: timeOf(TASK, MANY, false),
    'console.log': timeOf(PLAIN, MANY, false),
    'millrace, async': timeOf(TASK, MANY, true),
    'console.log, async': timeOf(PLAIN, MANY, true),
    'millrace run, to a pipe': pipedFlow(printingTime),
    'console.log, to a pipe': pipedPlain(printingTime),
    'millrace run, read': pipedFlow(readingTime),
    'console.log, read': pipedPlain(readingTime),
    'memory, 1,000,000': memoryOf(TASK, MANY),
    'memory, 100,000': memoryOf(TASK, FEW),
  },
  rows: [
    { title: 'printed in one go, and recorded', ours: 'millrace', peer: 'console.log', bar: 1.1, stretch: 0.8 },
    { title: 'giving way after every 100 lines', ours: 'millrace, async', peer: 'console.log, async', bar: 1.1, stretch: 0.8 },
    { title: '300,000 lines of JSON, to a pipe', ours: 'millrace run, to a pipe', peer: 'console.log, to a pipe', bar: 1.1, stretch: 0.8 },
    { title: 'until the last of them is read', ours: 'millrace run, read', peer: 'console.log, read', bar: 1.1, stretch: 0.8 },
    { title: 'growth of memory, against 100,000 lines', ours: 'memory, 1,000,000', peer: 'memory, 100,000', unit: 'KB', bar: 2 },
  ],
};

function timeOf(body, count, givesWay) {
  return ({ folder }) => {
    const run = script(folder, body, count, givesWay);
    return async () => run().ms;
  };
}

function memoryOf(body, count) {
  return ({ folder }) => {
    const run = script(folder, body, count, false);
    return async () => run().kilobytes;
  };
}

function pipedFlow(timeOf) {
  return ({ folder }) => {
    const file = join(folder, `piped-${process.pid}.mjs`);
    writeFileSync(file, FLOW);
    return async () => timeOf(piped(folder, [CLI, 'run', file]));
  };
}

function pipedPlain(timeOf) {
  return ({ folder }) => {
    const file = join(folder, `plain-${process.pid}.mjs`);
    writeFileSync(file, MEASURED.replace('const BODY', PRINTS + PLAIN));
    return async () => timeOf(piped(folder, [file, String(PIPED), 'false', resultIn(folder)]));
  };
}

/** What the task takes. Node puts aside what a full pipe does not take, and goes on: its lines may be far from printed then. */
function printingTime({ ms }) {
  return ms;
}

/** From the first line until the reader has the last, and the process is gone. */
function readingTime({ began, ended }) {
  return ended - began;
}

/** Somebody reads it, and keeps it. */
function piped(folder, args) {
  const env = { ...process.env, RESULT: resultIn(folder), MILLRACE_HOME: join(folder, `home-${process.pid}`) };
  const command = ['"$0" "$@" | cat > "$RESULT.txt"', process.execPath, ...args];
  const { status } = spawnSync('sh', ['-c', ...command], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ended = Date.now();
  if (status !== 0) throw new Error(`printing to a pipe ended with ${status}`);
  return { ...JSON.parse(readFileSync(resultIn(folder), 'utf8')), ended };
}

function resultIn(folder) {
  return join(folder, `piped-${process.pid}.json`);
}

/** In a process of its own: this one's output is the benchmark's. */
function script(folder, body, count, givesWay) {
  const name = join(folder, `prints-${process.pid}`);
  writeFileSync(`${name}.mjs`, MEASURED.replace('const BODY', PRINTS + body));
  return () => {
    const output = openSync(`${name}.txt`, 'w');
    try {
      const args = [`${name}.mjs`, String(count), String(givesWay), `${name}.json`];
      const env = { ...process.env, MILLRACE_HOME: join(folder, `home-${process.pid}`) };
      const { status } = spawnSync(process.execPath, args, { env, stdio: ['ignore', output, 'inherit'] });
      if (status !== 0) throw new Error(`printing ended with ${status}`);
    } finally {
      closeSync(output);
    }
    return JSON.parse(readFileSync(`${name}.json`, 'utf8'));
  };
}
