import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type CodePart, codePartText } from '../../../src/code/code-part.js';
import { compareCode } from '../../../src/code/compare-code.js';
import { createTaskCode } from '../../../src/code/task-code.js';
import type { CodeSite, SourcePlace } from '../../../src/model/code-site.js';
import { TASK_DEFAULTS, type TaskDefinition } from '../../../src/model/task-definition.js';

const ROOT = mkdtempSync(join(process.env.MILLRACE_HOME ?? tmpdir(), 'code-'));
let projects = 0;
/** Each write is a second later than the one before, so that a file that changed is seen to have changed, whatever the clock's grain. */
let writes = 0;

export type Files = Readonly<Record<string, string>>;

/** Real files in a folder of their own, and the code of tasks in them. */
export interface Project {
  readonly folder: string;
  write(files: Files): void;
  remove(file: string): void;
  /** The code of the task that is assigned to a variable in `flow.ts`, or in `file: variable`. */
  code(task: string, options?: LookOptions): Promise<CodePart>;
  /** What a look at each of these tasks finds different after a change. */
  changedBy(files: Files, tasks: readonly string[]): Promise<readonly string[]>;
}

export interface LookOptions {
  readonly kind?: CodeSite['kind'];
  /** File of the flow that runs. @default that of the task */
  readonly flow?: string;
  readonly definition?: Partial<TaskDefinition>;
  /** Parameters of the function. @default 1 */
  readonly length?: number;
  /** Where calls further out stand: `file: text`. */
  readonly callers?: readonly string[];
  readonly madeAt?: number;
}

const MANIFEST = { 'package.json': '{ "name": "project", "type": "module" }' };

export function project(files: Files): Project {
  const folder = join(ROOT, `project-${++projects}`);
  const write = (written: Files): void => {
    for (const [file, text] of Object.entries(written)) {
      const path = join(folder, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      const { atimeMs } = statSync(path);
      utimesSync(path, atimeMs / 1000, 1_700_000_000 + ++writes);
    }
  };
  write({ ...MANIFEST, ...files });
  const code = async (task: string, options: LookOptions = {}): Promise<CodePart> => {
    const definition = definitionAt(folder, task, options);
    const flow =
      options.flow === undefined
        ? definition.code
        : { ...(definition.code as CodeSite), places: () => [{ file: join(folder, options.flow ?? ''), line: 1, column: 1 }] };
    return await createTaskCode({ flow, digestOf: (value) => (typeof value === 'function' ? undefined : JSON.stringify(value)) }).codeOf(definition);
  };
  return {
    folder,
    write,
    remove: (file) => rmSync(join(folder, file)),
    code,
    async changedBy(changes, tasks) {
      const before = await Promise.all(tasks.map((task) => code(task)));
      write(changes);
      const after = await Promise.all(tasks.map((task) => code(task)));
      return tasks.filter((_, at) => before[at]?.digest !== after[at]?.digest);
    },
  };
}

function definitionAt(
  folder: string,
  task: string,
  { kind = 'task', definition = {}, length = 1, callers = [], madeAt = Date.now() }: LookOptions,
): TaskDefinition {
  const [file, name] = task.includes(': ') ? (task.split(': ') as [string, string]) : ['flow.ts', task];
  const call = { task: 'task', shell: 'shell', flow: 'flow', method: '@Task', class: '@Flow' }[kind];
  const fn = Object.defineProperty(() => undefined, 'length', { value: length });
  const places = [
    placeOf(folder, file, new RegExp(`\\b${name}\\b[^=\\n]*=[^=\\n]*?(?=\\b${call}[(<])`)),
    ...callers.map((caller) => {
      const [at, text] = caller.split(': ') as [string, string];
      return placeOf(folder, at, new RegExp(`(?=${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')})`));
    }),
  ];
  const code: CodeSite = { kind, code: fn, members: undefined, also: undefined, madeAt, places: () => places };
  return { ...TASK_DEFAULTS, kind: kind === 'flow' ? 'subflow' : 'task', name, fn, code, ...definition };
}

/** Where what a pattern matches ends. */
function placeOf(folder: string, file: string, pattern: RegExp): SourcePlace {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const match = pattern.exec(text);
  if (match === null) throw new Error(`nothing in ${file} matches ${pattern}`);
  const lines = text.slice(0, match.index + match[0].length).split('\n');
  return { file: path, line: lines.length, column: (lines.at(-1) ?? '').length + 1 };
}

/** What is told of a change. */
export function changes(before: CodePart, now: CodePart): readonly (string | undefined)[] {
  return compareCode(codePartText(before), codePartText(now)).map(({ detail }) => detail);
}

export function names({ pieces }: CodePart): readonly string[] {
  return pieces.map(({ file, name }) => `${file}: ${name}`);
}
