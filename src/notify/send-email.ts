import { asError, MillraceError } from '../base/error.js';
import type { NotificationEvent, ServiceNews } from '../model/notification.js';
import { isSecret, type Secret, secretValue } from '../model/secret.js';
import { DeliveryError } from './delivery-error.js';
import { letterOf } from './letter.js';
import type { SmtpServer } from './mail-server.js';

export interface EmailRequest {
  readonly to: readonly string[];
  readonly from: string;
  readonly smtp: SmtpServer | string | Secret;
  readonly subject: string | ((event: NotificationEvent | ServiceNews) => string) | undefined;
  readonly signal: AbortSignal;
  /** A connection on which nothing happens for so long is closed, so that it does not outlive the try by much: nodemailer cannot be told to stop. */
  readonly stepMs: number;
  /** These are still to have it; the others have theirs. */
  readonly keep: (rest: readonly string[]) => void;
}

/** The little that is asked of nodemailer. */
interface Nodemailer {
  createTransport(options: object): Transport;
  readonly default?: Nodemailer;
}

interface Transport {
  sendMail(mail: object): Promise<SentMail>;
  close(): void;
}

interface SentMail {
  readonly rejected?: readonly unknown[];
  readonly rejectedErrors?: readonly SmtpError[];
}

/** As nodemailer has them: what the server answered, and to which recipient. */
interface SmtpError extends Error {
  readonly code?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly SmtpError[];
}

/** One try. @throws DeliveryError; MillraceError `SECRET_MISSING` */
export async function sendEmail(request: EmailRequest, event: NotificationEvent | ServiceNews): Promise<void> {
  const { createTransport } = await loadNodemailer();
  const transport = createTransport(transportOf(request));
  try {
    request.signal.throwIfAborted();
    const { rejectedErrors = [] } = await transport.sendMail(mailOf(request, event));
    if (rejectedErrors.length > 0) throw refused(rejectedErrors, request);
  } catch (error) {
    throw error instanceof DeliveryError ? error : failed(asError(error) as SmtpError, request);
  } finally {
    transport.close();
  }
}

function mailOf({ to, from, subject }: EmailRequest, event: NotificationEvent | ServiceNews): object {
  const letter = letterOf(event);
  let title = letter.subject;
  try {
    if (subject !== undefined) title = typeof subject === 'string' ? subject : String(subject(event));
  } catch (error) {
    throw new DeliveryError(`its subject could not be made: ${asError(error).message}`, { isFinal: true });
  }
  return {
    from,
    to: [...to],
    subject: title.replace(/[\r\n]+/g, ' '),
    text: letter.text,
    // The same for each try, so that a mail that arrives twice can be told.
    messageId: `<${event.id}@millrace>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function transportOf({ smtp: given, stepMs }: EmailRequest): object {
  const { host, port, secure, requireTls, ca, user, password } = isSecret(given) || typeof given === 'string' ? serverAt(given) : given;
  const isSecure = secure ?? port === 465;
  const auth = user === undefined || password === undefined ? undefined : { user: textOf(user), pass: textOf(password) };
  return {
    host,
    port: port ?? (isSecure ? 465 : 587),
    secure: isSecure,
    requireTLS: requireTls ?? (auth !== undefined && !isThisMachine(host)),
    ...(auth === undefined ? {} : { auth }),
    ...(ca === undefined ? {} : { tls: { ca } }),
    connectionTimeout: stepMs,
    greetingTimeout: stepMs,
    socketTimeout: stepMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** As a server's parts; the password may be a text by now. */
type KnownServer = Omit<SmtpServer, 'password'> & { readonly password?: string | Secret };

/** @throws DeliveryError */
function serverAt(given: string | Secret): KnownServer {
  const address = textOf(given);
  if (!/^smtps?:\/\/[^/]/.test(address) || !URL.canParse(address))
    throw new DeliveryError('the address of its server is not smtp://host:port', { isFinal: true });
  const { protocol, hostname, port, username, password } = new URL(address);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(protocol === 'smtps:' ? { secure: true } : {}),
    ...(username === '' ? {} : { user: decodeURIComponent(username), password: decodeURIComponent(password) }),
  };
}

function textOf(value: string | Secret): string {
  return isSecret(value) ? secretValue(value) : value;
}

function isThisMachine(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Some, or all, recipients were refused. Those that may be taken later are tried again; if there are none, nobody is. */
function refused(errors: readonly SmtpError[], { keep }: EmailRequest): DeliveryError {
  const later = errors.filter(({ responseCode = 0 }) => responseCode < 500);
  const text = errors.map(({ recipient, response }) => `${recipient} (${response ?? 'no reason given'})`).join(', ');
  keep(later.flatMap(({ recipient }) => recipient ?? []));
  return new DeliveryError(`the server refused ${text}`, { isFinal: later.length === 0 });
}

/** That a password is wrong, or the server wants none without TLS, comes to the same each time; so does a refusal for good. */
function failed(error: SmtpError, request: EmailRequest): Error {
  if (error.rejectedErrors !== undefined && error.rejectedErrors.length > 0) return refused(error.rejectedErrors, request);
  if (error instanceof MillraceError) return error;
  const { code, responseCode = 0, response } = error;
  const said = response ?? error.message;
  if (code === 'ETLS' || code === 'ESOCKET')
    return new DeliveryError(`no secure connection to the server: ${said}`, { isFinal: code === 'ETLS', cause: error });
  return new DeliveryError(`the server did not take it: ${said}`, { isFinal: responseCode >= 500 || code === 'EAUTH', cause: error });
}

/** @throws DeliveryError */
async function loadNodemailer(): Promise<Nodemailer> {
  // A name the bundler does not see: the package must stay where the user put it.
  const name = 'nodemailer';
  try {
    const module = (await import(/* @vite-ignore */ name)) as Nodemailer;
    return module.default ?? module;
  } catch (error) {
    throw new DeliveryError("the package 'nodemailer' is needed to send e-mails, and could not be loaded", {
      cause: error,
      isFinal: true,
      hint: 'Install it: npm install nodemailer',
    });
  }
}
