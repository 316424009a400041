import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** A new id of a run: its start to the second (UTC) and 30 random bits, so that ids sort by time and can be read aloud: `20261104-093015-7kx2mq`. */
export function newRunId(now: number): string {
  const [day, time] = new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').split('T');
  let suffix = '';
  for (const byte of randomBytes(6)) suffix += ALPHABET[byte % ALPHABET.length];
  return `${day}-${time}-${suffix}`;
}
