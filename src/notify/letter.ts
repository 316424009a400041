import type { NotificationEvent, NotifiedTask, ServiceNews } from '../model/notification.js';

/** An event as people read it. */
export interface Letter {
  readonly subject: string;
  readonly text: string;
}

export function letterOf(event: NotificationEvent | ServiceNews): Letter {
  const { flow, run, state, params = {}, error, failed = [], counts = {}, task, scheduledTime, startedAt, finishedAt, deadline, dueAt } = event;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['File', 'file' in event ? event.file : undefined],
    ['Folder', 'folder' in event ? event.folder : undefined],
    ['Machine', 'host' in event ? event.host : undefined],
    ['Flow', flow],
    ['Run', run],
    ['State', state],
    ['Task', task?.id],
    ['Scheduled', scheduledTime],
    ['Due', dueAt],
    ['Deadline', deadline],
    ['Started', startedAt],
    ['Finished', finishedAt],
    ['Tasks', listed(counts, (count) => String(count))],
    ['Parameters', listed(params, (value) => JSON.stringify(value) ?? 'undefined')],
  ];
  const lines = [event.text, ''];
  for (const [name, value] of facts) if (value !== undefined && value !== '') lines.push(`${`${name}:`.padEnd(12)}${value}`);
  const shown = task?.error ?? error;
  if (shown !== undefined) lines.push('', shown.message, ...(shown.hint === undefined ? [] : [`hint: ${shown.hint}`]));
  if (failed.length > 0) lines.push('', 'Failed:', ...failed.map(lineOf));
  // Of a run that never was there is nothing to be seen but its flow.
  lines.push('', `See it with: millrace ${state === undefined ? 'flows' : `inspect ${run}`}`, '');
  return { subject: `[millrace] ${headline(event)}`, text: lines.join('\n') };
}

/** Without the error: one line of a list. */
function headline(told: NotificationEvent | ServiceNews): string {
  const { event, flow, task } = told;
  if (event === 'broken-file') return `${told.file} is broken`;
  if (event === 'trouble') return `a service on ${told.host} has trouble`;
  const what = task === undefined ? `flow '${flow}'` : `task '${task.id}' of flow '${flow}'`;
  return `${what} ${HAPPENED[event]}`;
}

const HAPPENED: Readonly<Record<NotificationEvent['event'] | 'refused', string>> = {
  success: 'succeeded',
  failure: 'failed',
  cancel: 'was cancelled',
  retry: 'failed and is tried again',
  deadline: 'is past its deadline',
  late: 'started late',
  crash: 'crashed',
  refused: 'will not run',
};

function listed(values: Readonly<Record<string, unknown>>, show: (value: unknown) => string): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${show(value)}`)
    .join(', ');
}

function lineOf({ id, attempts, error }: NotifiedTask): string {
  const tries = attempts > 1 ? ` (${attempts} attempts)` : '';
  return `  ${id}${tries}${error === undefined ? '' : `: ${error.message.replaceAll('\n', '\n    ')}`}`;
}
