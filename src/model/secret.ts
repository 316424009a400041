import { describe, MillraceError } from '../base/error.js';

/** A value that stands in no code: only its name does. */
export interface Secret {
  readonly name: string;
}

/** Shared by every copy of the package in the process. */
const SECRETS = Symbol.for('millrace.secrets');
const BRAND = Symbol.for('millrace.secret');

interface Secrets {
  /** All that were declared. */
  readonly names: Set<string>;
  /** Where values come from: what runs flows says so. */
  source: (name: string) => string | undefined;
}

function secrets(): Secrets {
  const shared = globalThis as { [SECRETS]?: Secrets };
  shared[SECRETS] ??= { names: new Set(), source: () => undefined };
  return shared[SECRETS];
}

/**
 * A value of the environment, or of the file of secrets (`.millrace/secrets`, mode 0600), read when it is used. What it holds is shown as `***` in logs, errors and records of runs that begin after this.
 * @example sqlTable('orders', { db: secret('DATABASE_URL') })
 * @throws MillraceError `SECRET_INVALID`
 */
export function secret(name: string): Secret {
  if (typeof name !== 'string' || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new MillraceError('SECRET_INVALID', `expected the name of an environment variable; got ${describe(name)}`);
  secrets().names.add(name);
  return Object.freeze({ [BRAND]: true, name });
}

export function isSecret(value: unknown): value is Secret {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** @throws MillraceError `SECRET_MISSING` */
export function secretValue({ name }: Secret): string {
  const value = secrets().source(name);
  if (value !== undefined && value !== '') return value;
  throw new MillraceError('SECRET_MISSING', `expected the secret '${name}'; it is not set`, {
    hint: `Set the environment variable ${name}, or write ${name}=… into .millrace/secrets (mode 0600).`,
  });
}

export function installSecrets(source: (name: string) => string | undefined): void {
  secrets().source = source;
}

/** What must not be shown: the secrets that were declared and are set, and the password in those that are addresses. */
export function secretTexts(): readonly string[] {
  const { names, source } = secrets();
  return [...names].flatMap((name) => {
    const value = source(name);
    return value === undefined || value === '' ? [] : [value, ...passwordIn(value)];
  });
}

/** As it is written, and as it is meant. */
export function passwordIn(address: string): readonly string[] {
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*?:([^/]*)@/i.exec(address)?.[1];
  if (password === undefined || password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}
