import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { MILLRACE, makeProject, runsCommand } from '../command.mjs';

const HELPERS = 49;
const TASKS = 20;
/** With the join of them all: a thousand cached task runs. */
const CALLS = 999;
/** Where the body of the uncached task writes when it began. */
const BEGAN = 'began.txt';

export const workload = {
  goal: 'G17',
  title: 'from the command to the first uncached task: 50 files of code, 1,000 cached tasks',
  repetitions: 1,
  prepare,
  variants: {
    'millrace run': ({ folder }) => untilFirstTask(folder),
    'node empty.mjs': ({ folder }) => runsCommand(folder, 'empty.mjs'),
  },
  rows: [
    { title: 'command to first uncached task, 1,000 cached, 50 files', ours: 'millrace run', unit: 'ms', bar: 400 },
    { title: 'beside it: node on an empty file', ours: 'node empty.mjs', unit: 'ms' },
  ],
};

function prepare({ folder }) {
  const helpers = Array.from({ length: HELPERS }, (_, n) => [`helper-${n}.ts`, helperOf(n)]);
  makeProject(folder, { ...Object.fromEntries(helpers), 'flow.ts': flowOf(), 'empty.mjs': '', 'data.json': '{ "rate": 2 }' });
  runsCommand(folder, MILLRACE, 'run', 'flow.ts', '--quiet')();
}

/** Each reaches two others: what a task uses is a tree of files, as it is in a project. */
function helperOf(n) {
  const below = [2 * n + 1, 2 * n + 2].filter((other) => other < HELPERS);
  const imports = below.map((other) => `import { step${other} } from './helper-${other}.js';\n`).join('');
  const sum = ['row.value', ...below.map((other) => `step${other}(row)`)].join(' + ');
  return `${imports}
export interface Row${n} {
  readonly value: number;
}

const LIMIT = ${n + 10};

/** What a helper looks like: a few declarations, of which some are used. */
export function step${n}(row: Row${n}): number {
  const values = [${sum}];
  return values.map((value) => limited(value)).reduce((total, value) => total + value, 0);
}

function limited(value: number): number {
  if (!Number.isFinite(value)) throw new RangeError(\`expected a number; got \${value}\`);
  return Math.min(value, LIMIT);
}

export function unused${n}(rows: readonly Row${n}[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ value }, index) => [String(index), value * LIMIT]));
}
`;
}

function flowOf() {
  const tasks = Array.from({ length: TASKS }, (_, n) => n);
  return `import { readFileSync, writeFileSync } from 'node:fs';
import { cache, flow, task } from 'millrace';
${tasks.map((n) => `import { step${n} } from './helper-${n}.js';`).join('\n')}

const tasks = [
${tasks.map((n) => `  task((value: number): number => step${n}({ value }) * JSON.parse(readFileSync('data.json', 'utf8')).rate, { name: 'step-${n}' }),`).join('\n')}
];
const join = task((values: readonly number[]): number => values.reduce((total, value) => total + value, 0), { name: 'join' });
const report = task(
  (total: number): number => {
    writeFileSync('${BEGAN}', String(performance.timeOrigin + performance.now()));
    return total;
  },
  { name: 'report', cache: false },
);

export const steps = flow('steps', { cache: cache.default }, () => {
  const values = Array.from({ length: ${CALLS} }, (_, n) => tasks[n % tasks.length]!(n));
  return report(join(values));
});
`;
}

/** Every key is checked, and every file that the tasks read, before the join is known to be cached, and so its report may begin. */
function untilFirstTask(folder) {
  const { MILLRACE_HOME: _, ...env } = process.env;
  return async () => {
    const startedAt = performance.timeOrigin + performance.now();
    const child = spawn(process.execPath, [MILLRACE, 'run', 'flow.ts', '--quiet'], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
    const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
    if (code !== 0) throw new Error(`millrace run ended with ${code}`);
    return Number(readFileSync(join(folder, BEGAN), 'utf8')) - startedAt;
  };
}
