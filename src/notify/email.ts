import { type Duration, toMs } from '../base/duration.js';
import { describe } from '../base/error.js';
import type { NotificationEvent, ServiceNews, ServiceNotification } from '../model/notification.js';
import { isSecret, type Secret } from '../model/secret.js';
import type { SmtpServer } from './mail-server.js';
import { invalid, makeNotification, type NotificationOptions } from './notification-options.js';

/** For a connection that says nothing, where no `timeout` is given. */
const STEP: Duration = '10s';

export interface EmailOptions extends NotificationOptions {
  to: string | readonly string[];
  from: string;
  /** A server; or its address, `smtp://user:password@host:587` (`smtps://` for TLS from the first byte on), as a secret where it has a password. */
  smtp: SmtpServer | string | Secret;
  /** @default what happened: `[millrace] flow 'etl' failed` */
  subject?: string | ((event: NotificationEvent | ServiceNews) => string);
}

/**
 * Sends an e-mail by SMTP, with the package `nodemailer`, which you install yourself. Recipients that the server refuses for good are told of in the
 * run's log, and not tried again; the others have theirs.
 * @example notify: email({ to: 'data@example.com', from: 'flows@example.com', smtp: secret('SMTP_URL') })
 * @throws MillraceError `NOTIFICATION_INVALID`, `DURATION_INVALID`
 */
export function email(options: EmailOptions): ServiceNotification {
  if (typeof options !== 'object' || options === null) throw invalid('email({ to, from, smtp })', describe(options));
  const { from, smtp, subject } = options;
  const to = Object.freeze([options.to].flat());
  if (to.length === 0 || !to.every(isLine)) throw invalid("'to' of an e-mail to be an address, or a list of them", describe(options.to));
  if (!isLine(from)) throw invalid("'from' of an e-mail to be an address", describe(from));
  if (subject !== undefined && typeof subject !== 'string' && typeof subject !== 'function')
    throw invalid("'subject' of an e-mail to be a text, or a function of the event", describe(subject));
  checkServer(smtp);
  const stepMs = toMs(options.timeout ?? STEP);
  const name = `the e-mail to ${to.join(', ')}`;
  // What is left to be sent of an event, when some have theirs.
  const left = new WeakMap<NotificationEvent | ServiceNews, readonly string[]>();
  return makeNotification(name, options, ['to', 'from', 'smtp', 'subject'], async (event, { signal }) => {
    const { sendEmail } = await import('./send-email.js');
    await sendEmail({ to: left.get(event) ?? to, from, smtp, subject, signal, stepMs, keep: (rest) => left.set(event, rest) }, event);
  });
}

function isLine(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && !/[\r\n\0]/.test(value);
}

const FIELDS = ['host', 'port', 'secure', 'requireTls', 'user', 'password', 'ca'];

function checkServer(smtp: unknown): void {
  if (isSecret(smtp)) return;
  // Not shown: it may have a password.
  if (typeof smtp === 'string') {
    if (!/^smtps?:\/\/[^/]/.test(smtp) || !URL.canParse(smtp))
      throw invalid("'smtp' of an e-mail to be smtp://host:port, or a server", 'another text');
    if (new URL(smtp).password !== '')
      throw invalid("'smtp' of an e-mail without a password", 'one with', "Keep it out of the code: smtp: secret('SMTP_URL').");
    return;
  }
  const { host, port, user, password, ...rest } = (typeof smtp === 'object' && smtp !== null ? smtp : {}) as Partial<SmtpServer>;
  if (!isLine(host)) throw invalid("'smtp' of an e-mail to be { host, … }, or smtp://host:port", describe(smtp));
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) throw invalid("'smtp.port' to be a port", describe(port));
  if (user !== undefined && typeof user !== 'string' && !isSecret(user)) throw invalid("'smtp.user' to be a text or a secret", describe(user));
  if (password !== undefined && !isSecret(password))
    throw invalid("'smtp.password' to be a secret", 'something else', "Write secret('SMTP_PASSWORD'), and set the variable SMTP_PASSWORD.");
  if ((user === undefined) !== (password === undefined)) throw invalid("'smtp' with both user and password, or neither", 'one of them');
  for (const field of Object.keys(rest)) if (!FIELDS.includes(field)) throw invalid(`'smtp' with ${FIELDS.join(', ')}`, `'${field}'`);
}
