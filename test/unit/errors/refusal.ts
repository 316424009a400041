import { MillraceError } from '../../../src/index.js';

/** What a promise rejects with, as people see it: code, sentence and what to do. Fails when nothing is refused, or not by us. */
export async function refusal(attempt: Promise<unknown> | (() => unknown)): Promise<{ code: string; message: string; hint: string | undefined }> {
  const error = await thrownBy(attempt);
  if (!(error instanceof MillraceError)) throw new TypeError('expected an error of Millrace', { cause: error });
  const { code, message, hint } = error;
  return { code, message: message.replaceAll(/\d{8}-\d{6}-\w{6}/g, '<run>'), hint };
}

export async function thrownBy(attempt: Promise<unknown> | (() => unknown)): Promise<unknown> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (error) {
    return error;
  }
  throw new Error('expected it to be refused');
}
