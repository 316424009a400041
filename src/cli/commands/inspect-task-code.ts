import { terminalText } from '../../log/terminal-text.js';
import type { RunRow } from '../../model/records.js';
import { CodeOfRuns } from '../../report/made-with.js';
import { codeOfTasks } from '../../report/task-code.js';
import type { RunRecord, TaskRunDetails } from '../../runs/run-record.js';
import { keptCode } from '../../runtime/past/code.js';
import { coloursFor } from '../colours.js';
import type { Terminal } from '../terminal.js';

/** A task run, and the run whose code made its result. */
export interface Made {
  readonly run: RunRow;
  readonly taskRun: TaskRunDetails;
  readonly maker: RunRow;
  /** The one that really made it has been removed: with what code, nobody knows. */
  readonly isUnknown: boolean;
}

/** A result that was taken from another run was made with that one's code. */
export async function findMade(record: RunRecord, run: RunRow, taskRun: TaskRunDetails): Promise<Made> {
  const { origin } = taskRun;
  const maker = origin && (await record.run(origin.run));
  if (origin === undefined || maker === undefined) return { run, taskRun, maker: run, isUnknown: origin !== undefined };
  // What that one was handed when another was removed, it has not made itself.
  const [there] = await record.taskRuns(maker.id, { indexes: [origin.index] });
  return { run, taskRun, maker, isUnknown: there?.state !== 'success' };
}

/** The declarations that a task reaches, or its own, with their text at the time its result was made. */
export async function inspectTaskCode({ run, taskRun, maker, isUnknown }: Made, json: boolean, record: RunRecord, terminal: Terminal): Promise<void> {
  await keptCode(record, maker);
  const reached = (await codeOfTasks(record, run.id, [taskRun])).get(taskRun.task);
  const found = await new CodeOfRuns(record).of(maker, taskRun.task, reached);
  const files = (found?.code.files ?? []).map(([path, names]) => ({ path, names, text: found?.texts.get(path) }));
  const { digest, version, packages = [] } = found?.code ?? {};
  const print = (text: string): void => void terminal.out.write(`${text}\n`);
  if (json) {
    const madeBy = isUnknown ? undefined : maker.id;
    return print(JSON.stringify({ run: run.id, id: taskRun.id, madeBy, digest, version, files, packages: Object.fromEntries(packages) }, null, 2));
  }
  const { dim } = coloursFor(terminal.out, terminal.env);
  const head: string[] = [];
  if (isUnknown) head.push(dim(`# as it is in run ${maker.id}; the run that made the result, perhaps with other code, has been removed`));
  else if (maker.id !== run.id) head.push(dim(`# as it was in run ${maker.id}, which made the result`));
  if (files.length === 0)
    head.push(
      `which of its files are the code of '${terminalText(taskRun.task)}' is not known; --code <file> prints one: inspect ${maker.id} --code`,
    );
  const blocks = files.map(({ path, names, text }) =>
    [dim(`# ${terminalText(path === '' ? '(its own text)' : path)}: ${names.map(terminalText).join(', ')}`), text ?? '(its text is not kept)'].join(
      '\n',
    ),
  );
  print([...head, ...blocks].join('\n\n'));
}
