import { createHash } from 'node:crypto';
import type { FinalState } from '../../src/index.js';
import type { Does, Traits } from './random-program.js';
import { firesEarly } from './random-program.js';

/** What the task of a random program does with these arguments: the same whenever, and by whomever, it is asked. */
export interface Act {
  readonly does: Does;
  /** What it gives when it gives something. */
  readonly value: unknown;
}

export function actOf(id: number, traits: Traits, args: readonly unknown[]): Act {
  const seen = firesEarly(traits) ? '' : textOf(args);
  const digest = createHash('sha256').update(`${id} ${seen}`).digest();
  const does = traits.does[digest.readUInt8(0) % traits.does.length] as Does;
  const text = `${id}:${digest.toString('hex', 2, 6)}`;
  const value: Partial<Record<Does, unknown>> = {
    text,
    list: Array.from({ length: digest.readUInt8(1) % 4 }, (_, at) => `${text}.${at}`),
    yes: true,
    no: false,
    key: 'abc'[digest.readUInt8(1) % 3],
  };
  return { does, value: value[does] };
}

/** Tells values apart; of an end without a value only the state counts, and reused is as good as fresh. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'undefined';
  const end = value as FinalState<unknown>;
  return 'value' in end ? `success ${textOf(end.value)}` : end.state;
}
