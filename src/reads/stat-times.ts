import { inspect } from 'node:util';

const TIMES = ['mtime', 'ctime', 'birthtime'] as const;
const FORMS = ['', 'Ms', 'Ns'] as const;

/**
 * Tells when a time is read from what `stat` gave. Most tasks that ask for a file's size or kind never look at its times, and a file that was
 * copied or checked out anew has new ones: only whoever looks at them shall depend on them.
 */
export function tellOfTimes(stats: unknown, tell: (time: string) => void): void {
  if (typeof stats !== 'object' || stats === null) return;
  const plain = Object.create(Object.getPrototypeOf(stats), Object.getOwnPropertyDescriptors(stats)) as object;
  for (const time of TIMES) for (const form of FORMS) tellOf(stats, `${time}${form}`, () => tell(`${time}Ns`));
  // Without it a printed one would show getters in place of its times.
  Object.defineProperty(stats, inspect.custom, { value: () => plain, enumerable: false, configurable: true });
}

function tellOf(stats: object, name: string, tell: () => void): void {
  const own = Object.getOwnPropertyDescriptor(stats, name);
  if (own === undefined || !('value' in own)) return;
  let { value } = own;
  Object.defineProperty(stats, name, {
    get() {
      tell();
      return value;
    },
    set(given: unknown) {
      value = given;
    },
    enumerable: own.enumerable ?? true,
    configurable: true,
  });
}
