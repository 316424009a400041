import { describe, MillraceError } from '../../base/error.js';
import { passwordIn } from '../../model/secret.js';

/** What the driver says may quote the address. */
export function asSqlError(error: unknown, where: string, address: string): unknown {
  if (error instanceof MillraceError) return error;
  let message = error instanceof Error ? error.message || String((error as { code?: unknown }).code ?? error.name) : describe(error);
  for (const text of [address, ...passwordIn(address)]) if (text.length > 2) message = message.replaceAll(text, '***');
  return new MillraceError('SQL_FAILED', `${where}: ${message}`, { cause: error });
}
