import { describe, MillraceError } from '../base/error.js';

/** Something that tasks make and that flows wait for, by its name: a table, a file, a model. */
export interface Asset {
  readonly kind: 'asset';
  readonly name: string;
}

/** A run of a flow that has ended, for other flows to follow. */
export interface FlowEvent {
  readonly kind: 'flow';
  readonly flow: string;
  readonly end: FlowEnd;
}

/** `finished`: however it ended. A run that was cancelled, ran out of time or crashed counts as a `failure`. */
export type FlowEnd = 'success' | 'failure' | 'finished';

/** What makes a flow run beside its schedule. */
export type FlowTrigger = Asset | FlowEvent;

/** A renewal of an asset: the task run that made it. */
export interface AssetRenewal {
  readonly asset: string;
  readonly flow: string;
  readonly run: string;
  /** Id of the task run: `load#0`. */
  readonly task: string;
  /** Of the value that the task gave; undefined where its result was not stored. */
  readonly digest?: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** The end of a run of another flow. */
export interface FlowRunEnd {
  readonly flow: string;
  readonly run: string;
  readonly state: string;
  readonly at: number;
}

/** Why a run was triggered: `ctx().triggers`. */
export type RunTrigger = ({ readonly kind: 'asset' } & AssetRenewal) | ({ readonly kind: 'flow' } & FlowRunEnd);

/**
 * An asset: `task(load, { renews: asset('orders') })` renews it whenever the task ends in success, and a flow with `on: asset('orders')` then runs.
 * Two of one name are the same, in whatever flow and file.
 * @throws MillraceError `ASSET_INVALID`
 */
export function asset(name: string): Asset {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (typeof name !== 'string' || name.length > 200 || !/^[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$/.test(name))
    throw new MillraceError('ASSET_INVALID', `expected the name of an asset, of 1 to 200 characters and without line ends; got ${describe(name)}`);
  return Object.freeze({ kind: 'asset', name });
}

export function flowEvent(flow: string, end: FlowEnd): FlowEvent {
  return Object.freeze({ kind: 'flow', flow, end });
}

export function isAsset(value: unknown): value is Asset {
  const { kind, name } = (typeof value === 'object' && value !== null ? value : {}) as Partial<Asset>;
  return kind === 'asset' && typeof name === 'string';
}

export function isFlowTrigger(value: unknown): value is FlowTrigger {
  if (isAsset(value)) return true;
  const { kind, flow, end } = (typeof value === 'object' && value !== null ? value : {}) as Partial<FlowEvent>;
  return kind === 'flow' && typeof flow === 'string' && (end === 'success' || end === 'failure' || end === 'finished');
}

/** For people. */
export function triggerText(trigger: FlowTrigger): string {
  return trigger.kind === 'asset' ? `asset ${trigger.name}` : `${trigger.flow}.${trigger.end}`;
}
