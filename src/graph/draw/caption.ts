import type { Reason } from '../../model/reason.js';
import type { GraphData, ViewNode } from '../graph-view.js';
import { elapsed } from './elapsed.js';
import type { Tone } from './palette.js';
import { printable } from './printable.js';

/** What became of the node, or what the preview answers. */
export function stateOf(node: ViewNode): Exclude<Tone, 'plain'> {
  return node.outcome?.state ?? node.state;
}

/** Whether anything is known about states: a plain drawing of a flow says `unknown` everywhere, which tells nobody anything. */
export function knowsStates(data: GraphData): boolean {
  return data.nodes.some((node) => node.outcome !== undefined || node.state !== 'unknown');
}

export function elapsedOf(node: ViewNode): string | undefined {
  return node.outcome?.ms === undefined ? undefined : elapsed(node.outcome.ms);
}

export function reasonText(reason: Reason): string {
  return reason.detail === undefined ? reason.kind : `${reason.kind}: ${printable(reason.detail)}`;
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
  if (states && node.why !== undefined) lines.push(reasonText(node.why));
  if (!node.certain) lines.push('may run');
  if (node.target !== undefined) lines.push(`target: ${printable(node.target)}`);
  return lines;
}
