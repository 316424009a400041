import type { Outline } from './outline.js';

/** Up to this many nodes, each one is drawn. */
export const DRAWN_SINGLY = 300;

/**
 * Which nodes are drawn as one: groups of places, in the order of their first members. In a small graph each node is a group of its own.
 * In a large one, nodes of one task in one sub-flow (or in sub-flows that are themselves drawn as one) belong together when they have the
 * same upstream tasks and the same downstream tasks.
 */
export function foldedGroups(outline: Outline): readonly (readonly number[])[] {
  if (outline.nodes.length <= DRAWN_SINGLY) return outline.nodes.map((_, place) => [place]);
  const tasks = taskNumbers(outline);
  const upstream = outline.nodes.map(() => new Set<number>());
  const downstream = outline.nodes.map(() => new Set<number>());
  for (const { from, to } of outline.edges) {
    upstream[to]?.add(tasks[from] as number);
    downstream[from]?.add(tasks[to] as number);
  }
  const groups = new Map<string, number[]>();
  const groupNumbers: number[] = [];
  const numbers = new Map<number[], number>();
  for (const place of outline.outsideIn) {
    const around = groupNumbers[outline.parents[place] as number] ?? -1;
    const neighbours = `${sorted(upstream[place])}>${sorted(downstream[place])}`;
    const { certain, map } = outline.nodes[place] as Outline['nodes'][number];
    const key = `${around} ${tasks[place]} ${certain} ${map !== undefined} ${neighbours}`;
    const group = groups.get(key) ?? [];
    if (group.length === 0) {
      groups.set(key, group);
      numbers.set(group, numbers.size);
    }
    group.push(place);
    groupNumbers[place] = numbers.get(group) as number;
  }
  return [...groups.values()].sort((a, b) => (a[0] as number) - (b[0] as number));
}

function taskNumbers(outline: Outline): number[] {
  const numbers = new Map<string, number>();
  return outline.nodes.map(({ task }) => {
    const number = numbers.get(task) ?? numbers.size;
    numbers.set(task, number);
    return number;
  });
}

function sorted(numbers: ReadonlySet<number> | undefined): string {
  return [...(numbers ?? [])].sort((a, b) => a - b).join(',');
}
