// Measures Millrace beside what one would write or take instead: `npm run bench`, `npm run bench -- G1 G8 --rounds 7`,
// `--json` for programs, `--markdown` for docs/performance.md.
// Goals are named as in docs/performance.md. Exit code 1: a bar was missed, or something could not be measured; 2: wrong use.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { figuresOf } from './figures.mjs';
import { markdownOf } from './markdown.mjs';
import { measure } from './measure.mjs';
import { printHeader, printRows } from './table.mjs';

const WORKLOADS = new URL('workloads/', import.meta.url);

process.exitCode = await main();

async function main() {
  const { rounds, json, markdown, goals } = readArguments();
  const asTable = !json && !markdown;
  if (!existsSync(new URL('../dist/index.js', import.meta.url))) return refuse('there is no dist/: run `npm run build` first');
  const all = await loadWorkloads();
  const unknown = goals.filter((goal) => !all.some(({ workload }) => workload.goal === goal));
  if (unknown.length > 0)
    return refuse(`unknown goal ${unknown.join(', ')}; there are ${[...new Set(all.map(({ workload }) => workload.goal))].join(', ')}`);
  const chosen = goals.length === 0 ? all : all.filter(({ workload }) => goals.includes(workload.goal));
  const report = { ...environment(), figures: [], failed: [] };
  if (asTable) printHeader(report);
  for (const { file, workload } of chosen) {
    if (workload.missing !== undefined) {
      console.error(`bench: ${workload.goal} is not measured: ${workload.missing}`);
      // Asked for by name, it is owed; among all, a machine may be without what nothing else needs.
      if (goals.length > 0) report.failed.push(workload.goal);
      continue;
    }
    try {
      const figures = figuresOf(workload, await measure(file, workload, rounds));
      report.figures.push(...figures);
      if (asTable) printRows(figures);
    } catch (error) {
      // Minutes of measuring others are not to be lost with it.
      console.error(`bench: ${workload.goal} cannot be measured: ${error.message}`);
      report.failed.push(workload.goal);
    }
  }
  if (json) console.log(JSON.stringify(report, null, 2));
  else if (markdown) console.log(markdownOf(report));
  return report.failed.length > 0 || report.figures.some(({ verdict, firstVerdict }) => verdict === 'missed' || firstVerdict === 'missed') ? 1 : 0;
}

function readArguments() {
  const { values, positionals } = parseArgs({
    options: { rounds: { type: 'string' }, json: { type: 'boolean', default: false }, markdown: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
  if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
    process.exit(refuse(`expected --rounds to be a whole number from 1; got ${values.rounds}`));
  return { rounds, json: values.json, markdown: values.markdown, goals: positionals.map((goal) => goal.toUpperCase()) };
}

async function loadWorkloads() {
  const files = readdirSync(WORKLOADS).filter((name) => name.endsWith('.mjs'));
  const all = await Promise.all(
    files.sort().map(async (name) => {
      const file = new URL(name, WORKLOADS).href;
      return { file, workload: (await import(file)).workload };
    }),
  );
  // Those that need a server have none unless it is named.
  return all.filter(({ workload }) => workload !== undefined);
}

function environment() {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return { version, node: process.version, cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30) };
}

function refuse(message) {
  console.error(`bench: ${message}`);
  return 2;
}
