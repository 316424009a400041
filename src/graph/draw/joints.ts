import type { Link, Shape } from './shape.js';

/** More lines than this between two sets of shapes, each to each, go through one point. */
const MOST_CROSSING_LINES = 20;

/**
 * A body that awaits n tasks and then calls m others has n·m control edges; drawn, they are a black area. Such a fan goes n lines in and m
 * lines out of a joint, which says the same. Only for edges that carry no data: these have labels of their own.
 */
export function withJoints(shapes: readonly Shape[], links: readonly Link[]): { readonly shapes: readonly Shape[]; readonly links: readonly Link[] } {
  if (links.length <= MOST_CROSSING_LINES) return { shapes, links };
  const fans = [...fansOf(links)].filter(
    ({ sources, goals }) => sources.length * goals.length > MOST_CROSSING_LINES && sources.length > 1 && goals.length > 1,
  );
  if (fans.length === 0) return { shapes, links };
  const replaced = new Set(fans.flatMap((fan) => fan.links));
  const allShapes = shapes.slice();
  const allLinks = links.filter((link) => !replaced.has(link));
  fans.forEach(({ kind, sources, goals }, number) => {
    const joint = allShapes.length;
    const parents = new Set([...sources, ...goals].map((shape) => shapes[shape]?.parent ?? -1));
    allShapes.push(jointShape(number, parents.size === 1 ? ([...parents][0] as number) : -1, sources.length, goals.length));
    for (const from of sources) allLinks.push({ from, to: joint, kind, labels: [] });
    for (const to of goals) allLinks.push({ from: joint, to, kind, labels: [] });
  });
  return { shapes: allShapes, links: allLinks };
}

interface Fan {
  readonly kind: Link['kind'];
  readonly sources: readonly number[];
  readonly goals: readonly number[];
  readonly links: readonly Link[];
}

/** Goals that wait for exactly the same sources in the same way belong to one fan. */
function* fansOf(links: readonly Link[]): Generator<Fan> {
  const waiting = new Map<string, Link[]>();
  for (const link of links) {
    if (link.kind === 'data' || link.labels.length > 0 || link.from === link.to) continue;
    const key = `${link.kind} ${link.to}`;
    const linksToGoal = waiting.get(key);
    if (linksToGoal) linksToGoal.push(link);
    else waiting.set(key, [link]);
  }
  const fans = new Map<string, { kind: Link['kind']; sources: number[]; goals: number[]; links: Link[] }>();
  for (const linksToGoal of waiting.values()) {
    const [{ kind, to }] = linksToGoal as [Link];
    const sources = linksToGoal.map((link) => link.from).sort((a, b) => a - b);
    const key = `${kind} ${sources.join(',')}`;
    const fan = fans.get(key) ?? { kind, sources, goals: [], links: [] };
    fans.set(key, fan);
    fan.goals.push(to);
    for (const link of linksToGoal) fan.links.push(link);
  }
  yield* fans.values();
}

function jointShape(number: number, parent: number, sources: number, goals: number): Shape {
  return {
    kind: 'joint',
    id: `joint${number}`,
    label: '',
    detail: undefined,
    tooltip: [`each of ${goals} waits for all of ${sources}`],
    tone: 'plain',
    certain: true,
    stacked: false,
    parent,
  };
}
