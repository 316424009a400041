import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { describe, it } from 'vitest';
import { email, type NotificationEvent, shellNotification, webhook } from '../../src/index.js';
import { type NotificationPlace, notificationContract } from '../../src/testing/index.js';
import { type Answer, Receiver } from '../unit/notify/receiver.js';

async function webhookPlace(): Promise<NotificationPlace> {
  let answer: Answer | undefined = { status: 200 };
  const receiver = await Receiver.open(() => answer);
  return {
    notification: webhook(receiver.url),
    received: () => receiver.events().map(({ id }) => id as string),
    breakDown: () => {
      answer = { status: 500 };
    },
    fallSilent: () => {
      answer = undefined;
    },
    close: () => receiver[Symbol.asyncDispose](),
  };
}

function commandPlace(): NotificationPlace {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-notification-'));
  const state = join(folder, 'state');
  const command = `case "$(cat ${state} 2>/dev/null)" in broken) exit 1;; silent) sleep 600;; *) cat > ${folder}/$$.json;; esac`;
  return {
    notification: shellNotification(command),
    received: () => readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [JSON.parse(readFileSync(join(folder, name), 'utf8')).id] : [])),
    breakDown: () => writeFileSync(state, 'broken'),
    fallSilent: () => writeFileSync(state, 'silent'),
    close: () => existsSync(folder) && rmSync(folder, { recursive: true }),
  } as NotificationPlace;
}

async function emailPlace(): Promise<NotificationPlace> {
  const ids: string[] = [];
  let how: 'fine' | 'broken' | 'silent' = 'fine';
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS', 'AUTH'],
    onMailFrom: (_, __, done) => {
      if (how !== 'silent') done(how === 'broken' ? new Error('out of order') : undefined);
    },
    onData(stream, _, done) {
      let text = '';
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      stream.on('end', () => {
        ids.push(/^Message-ID: <(.*)@millrace>/m.exec(text)?.[1] ?? '');
        done();
      });
    },
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.server.once('listening', resolve));
  const { port } = server.server.address() as { port: number };
  return {
    notification: email({ to: 'a@example.com', from: 'b@example.com', smtp: { host: '127.0.0.1', port }, timeout: '1s' }),
    received: () => ids,
    breakDown: () => {
      how = 'broken';
    },
    fallSilent: () => {
      how = 'silent';
    },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

/** One of a user's own: events go to a list. */
function ownPlace(): NotificationPlace {
  const events: NotificationEvent[] = [];
  let how: 'fine' | 'broken' | 'silent' = 'fine';
  return {
    notification: {
      name: 'a list',
      async notify(event, { signal }) {
        if (how === 'broken') throw new Error('full');
        if (how === 'silent')
          await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
        events.push(event);
      },
    },
    received: () => events.map(({ id }) => id),
    breakDown: () => {
      how = 'broken';
    },
    fallSilent: () => {
      how = 'silent';
    },
  };
}

describe.each([
  ['webhook', webhookPlace],
  ['email', emailPlace],
  ['one of your own', ownPlace],
  ...(process.platform === 'win32' ? [] : ([['shellNotification', commandPlace]] as const)),
] as const)('%s', (_, make) => {
  for (const { name, run } of notificationContract(make)) it(name, run);
});
