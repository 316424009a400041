import type { Reason } from '../../model/reason.js';
import { shortDetail } from '../../model/reason-text.js';
import type { TaskState } from '../../model/states.js';
import type { GraphData, ViewNode } from '../graph-view.js';
import { elapsed } from './elapsed.js';
import type { Tone } from './palette.js';
import { grouped, printable } from './printable.js';

/** Nobody knows whether it will: what is sure to be skipped will not. */
export function mayRun({ certain, outcome }: ViewNode): boolean {
  return !certain && outcome === undefined;
}

/** What became of the node, or what the preview answers. */
export function stateOf(node: ViewNode): Exclude<Tone, 'plain'> {
  return node.outcome?.state ?? node.state;
}

/** Whether anything is known about states: a plain drawing of a flow says `unknown` everywhere, which tells nobody anything. */
export function knowsStates(data: GraphData): boolean {
  return data.nodes.some((node) => node.outcome !== undefined || node.state !== 'unknown');
}

/** `80 ms`, `2 s in 3 attempts`, `taken over` */
export function elapsedOf({ outcome }: ViewNode): string | undefined {
  const parts = [
    outcome?.takenOver === undefined ? undefined : 'taken over',
    outcome?.ms === undefined ? undefined : elapsed(outcome.ms),
    outcome?.attempts === undefined || outcome.attempts < 2 ? undefined : `in ${outcome.attempts} attempts`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(' ');
}

/** In full: for tooltips and lists. */
function reasonText(reason: Reason): string {
  return reason.detail === undefined ? reason.kind : `${reason.kind}: ${printable(reason.detail)}`;
}

/** The first causes, and how many there are beside them: for lines that say other things too. */
export function shortReasonText(reason: Reason): string {
  const detail = shortDetail(reason);
  return detail === undefined ? reason.kind : `${reason.kind}: ${printable(detail)}`;
}

/** `<map> ×1,200` behind a map's name; undefined for other nodes. */
export function mapMark({ map }: ViewNode): string | undefined {
  if (map === undefined) return undefined;
  return map.count === undefined ? '<map>' : `<map> ×${grouped(map.count)}`;
}

/** `3 success, 2 failed`: what became of a map's children; undefined where the map's own state says as much. */
export function childStates(node: ViewNode): string | undefined {
  const counts = Object.entries(node.map?.states ?? {}) as [TaskState, number][];
  if (counts.length === 0 || (counts.length === 1 && counts[0]?.[0] === stateOf(node))) return undefined;
  return counts.map(([state, count]) => `${grouped(count)} ${state}`).join(', ');
}

/** What a control edge says: that a branch was chosen, or that the body awaited the one before the other. */
export function controlWords(id: string, label: string | undefined): string {
  return label === undefined ? `once awaited ${id}` : `if ${id} is ${printable(label)}`;
}

/** Undefined for a complete graph (S29). */
export function incompleteNote(data: GraphData): string | undefined {
  if (data.complete) return undefined;
  const where = data.stoppedAt === undefined ? 'while it runs' : `at ${printable(data.stoppedAt)}`;
  return `graph is incomplete: the body decides ${where}`;
}

/** Everything a drawing has no room for, a line each. */
export function tooltipOf(node: ViewNode, states: boolean): string[] {
  const lines = [printable(node.id)];
  if (node.description !== undefined) lines.push(printable(node.description));
  if (states) lines.push([stateOf(node), elapsedOf(node)].filter((part) => part !== undefined).join(', '));
  const children = states ? childStates(node) : undefined;
  if (node.map !== undefined) lines.push([mapMark(node), children].filter((part) => part !== undefined).join(': '));
  if (states && node.outcome?.takenOver !== undefined) lines.push(`from run ${node.outcome.takenOver}`);
  if (states && node.outcome?.error !== undefined) lines.push(printable(node.outcome.error));
  if (states && node.why !== undefined) lines.push(reasonText(node.why));
  if (mayRun(node)) lines.push('may run');
  if (node.target !== undefined) lines.push(`target: ${printable(node.target)}`);
  return lines;
}
