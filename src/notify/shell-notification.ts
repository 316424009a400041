import { describe } from '../base/error.js';
import type { ServiceNotification } from '../model/notification.js';
import { invalid, makeNotification, type NotificationOptions } from './notification-options.js';

/**
 * Runs a command, with the event as JSON on its stdin, and `MILLRACE_EVENT`, `MILLRACE_FLOW`, `MILLRACE_RUN` and `MILLRACE_STATE` in its environment.
 * A list is a program and its arguments; a text is for the shell. The command is always the same: nothing of the run is ever put into it. An exit code
 * other than 0 means that it was not delivered, and it is tried again; when it takes too long, its whole process group is ended.
 * @example notify: shellNotification(['notify-send', 'a flow failed'])
 * @example notify: shellNotification('jq -r .text | mail -s "$MILLRACE_FLOW: $MILLRACE_EVENT" ops@example.com')
 * @throws MillraceError `NOTIFICATION_INVALID`, `DURATION_INVALID`
 */
export function shellNotification(command: string | readonly string[], options: NotificationOptions = {}): ServiceNotification {
  const isText = (part: unknown): part is string => typeof part === 'string' && !part.includes('\0');
  const isCommand = isText(command)
    ? command.trim() !== ''
    : Array.isArray(command) && command.length > 0 && command[0] !== '' && command.every(isText);
  if (!isCommand) throw invalid('the command of a notification to be a text, or a list of a program and its arguments', describe(command));
  const fixed = typeof command === 'string' ? command : Object.freeze([...command]);
  const name = `the command \`${typeof fixed === 'string' ? fixed : fixed[0]}\``;
  return makeNotification(name, options, [], async (event, { signal }) => {
    const { runNotificationCommand } = await import('./run-notification-command.js');
    await runNotificationCommand(fixed, event, signal);
  });
}
