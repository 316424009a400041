const views = new WeakSet<object>();

/** What `tasksOf` gives may be kept in a field, but is no data of the instance. */
export function noteTaskView(view: object): void {
  views.add(view);
}

/**
 * The data that an instance holds in public fields, by name, in the order the fields were defined.
 * @param names only these; undefined: all
 */
export function dataFields(instance: object, names?: ReadonlySet<string>): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  for (const name of Object.keys(instance)) {
    if (names !== undefined && !names.has(name)) continue;
    const descriptor = Object.getOwnPropertyDescriptor(instance, name);
    if (descriptor === undefined || !('value' in descriptor)) continue;
    const value: unknown = descriptor.value;
    if (typeof value !== 'object' || value === null || !views.has(value)) fields.set(name, value);
  }
  return fields;
}
