import type { Secret } from '../model/secret.js';

/** A mail server. */
export interface SmtpServer {
  host: string;
  /** @default 465 with `secure`, else 587 */
  port?: number;
  /** TLS from the first byte on. Without it the connection is turned into one of TLS (STARTTLS) where the server offers that. @default false, but true for port 465 */
  secure?: boolean;
  /** Without TLS nothing is sent. @default true where there is a password, unless the server is this machine */
  requireTls?: boolean;
  user?: string | Secret;
  password?: Secret;
  /** Certificates that are trusted beside those of the system, as PEM. */
  ca?: string;
}
