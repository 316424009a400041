import type { Shape } from './shape.js';

/** One step of a walk through a picture: a shape without contents, or the begin or end of a frame. */
export interface NestedStep {
  readonly kind: 'leaf' | 'open' | 'close';
  /** Place in `shapes`. */
  readonly shape: number;
  /** Number of frames around it. */
  readonly depth: number;
}

/** Each frame with its contents inside it, in the order of the shapes; with a stack of its own, so that no nesting is too deep. */
export function* nestedSteps(shapes: readonly Shape[]): Generator<NestedStep> {
  const inside = new Map<number, number[]>();
  shapes.forEach(({ parent }, shape) => {
    const siblings = inside.get(parent);
    if (siblings) siblings.push(shape);
    else inside.set(parent, [shape]);
  });
  const open = [{ frame: -1, contents: inside.get(-1) ?? [], next: 0 }];
  for (let level = open[0]; level !== undefined; level = open.at(-1)) {
    const depth = open.length - 1;
    const shape = level.contents[level.next++];
    if (shape === undefined) {
      open.pop();
      if (level.frame !== -1) yield { kind: 'close', shape: level.frame, depth: depth - 1 };
    } else if (shapes[shape]?.kind === 'frame') {
      yield { kind: 'open', shape, depth };
      open.push({ frame: shape, contents: inside.get(shape) ?? [], next: 0 });
    } else yield { kind: 'leaf', shape, depth };
  }
}
