/** What files have answered, by folder and path, and then by question. */
let glance: Map<string, Map<string, string>> | undefined;

/**
 * What is known of a file from this one stretch of synchronous work: the engine looks at thousands of nodes in a row, and until a task is
 * called or the loop turns, nothing in this process changes a file. To be filled in by who asks.
 */
export function knownAtGlance(root: string, path: string): Map<string, string> {
  if (glance === undefined) {
    glance = new Map();
    queueMicrotask(lookAway);
  }
  const name = `${root}\n${path}`;
  let known = glance.get(name);
  if (known === undefined) {
    known = new Map();
    glance.set(name, known);
  }
  return known;
}

/** Before a task is called. */
export function lookAway(): void {
  glance = undefined;
}
