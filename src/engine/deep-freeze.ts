/** Freezes plain data all the way down, so that a task that changes its inputs fails (S16). Typed arrays and class instances cannot be frozen faithfully and are left alone. */
export function deepFreeze(value: unknown): unknown {
  const stack = [value];
  while (stack.length > 0) {
    const next = stack.pop();
    if (typeof next !== 'object' || next === null || Object.isFrozen(next)) continue;
    const prototype = Object.getPrototypeOf(next) as unknown;
    if (!Array.isArray(next) && prototype !== Object.prototype && prototype !== null) continue;
    Object.freeze(next);
    for (const child of Array.isArray(next) ? next : Object.values(next)) stack.push(child);
  }
  return value;
}
