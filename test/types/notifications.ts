import {
  email,
  flow,
  type Notification,
  type NotificationEvent,
  type ServiceNews,
  type ServiceNotification,
  secret,
  shellNotification,
  task,
  webhook,
} from '../../src/index.js';
import { is } from './expect-type.js';

export function flowsAndTasksAreTold(): void {
  const pager: Notification = { notify: ({ run, state }) => void [run.length, state] };
  flow('told', { notify: [pager, webhook(secret('URL'), { body: ({ text, run }) => ({ text, run }) })] }, () => 1);
  task(() => 1, { name: 'told', notify: shellNotification('true', { on: ['failure', 'retry'] }) });
  // @ts-expect-error there is no such occasion
  webhook('https://example.org', { on: ['boredom'] });
}

export function servicesTell(): void {
  const etl = flow('etl', () => 1);
  const own: ServiceNotification = {
    on: ['broken-file', 'failure'],
    notify: (event) => {
      is<typeof event, NotificationEvent | ServiceNews>(true);
      if (event.event === 'broken-file') is<typeof event, ServiceNews>(true);
      return event.event === 'failure' ? void event.counts.failed : undefined;
    },
  };
  const forFlows: Notification = { notify: ({ text }) => void text };
  void etl.serve({ notify: [own, forFlows, webhook('https://example.org'), email({ to: 'a@b', from: 'c@d', smtp: 'smtp://localhost' })] });
  // What is told of a service has a run only where it is about one.
  webhook('https://example.org', { body: ({ run }) => is<typeof run, string | undefined>(true) });
  // @ts-expect-error whom to tell is no text
  void etl.serve({ notify: 'ops@example.com' });
}
