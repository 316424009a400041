/** What ids and names look like that others may put into a path or an address. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.~:+-]{0,199}$/;

export const NAME_RULE = 'letters, digits and _ . ~ : + -, beginning with a letter or digit, at most 200, without ..';

export function isSafeName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && !name.includes('..');
}
