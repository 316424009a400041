/** What was typed may be meant as text or as JSON: `x=0.2` finds both. For `RunFilter.params`. */
export function paramFilter(typed: readonly (readonly [name: string, value: string])[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(typed.map(([name, value]) => [name, [...new Set([...jsonText(value), JSON.stringify(value)])]]));
}

/** As it is recorded: without blanks, numbers in their shortest form. */
function jsonText(value: string): readonly string[] {
  try {
    return [JSON.stringify(JSON.parse(value))];
  } catch {
    return [];
  }
}
