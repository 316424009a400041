/** The prototypes an instance inherits from, the nearest first, without `Object.prototype`. */
export function prototypesOf(instance: object): readonly object[] {
  const prototypes: object[] = [];
  for (let next = prototypeOf(instance); next !== null && next !== Object.prototype; next = prototypeOf(next)) prototypes.push(next);
  return prototypes;
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** The class that a prototype belongs to. */
export function classOf(prototype: object): { readonly name: string } {
  return prototype.constructor;
}

/** Every member that the classes declare, with the functions behind it; constructors are none. */
export interface Member {
  readonly key: string | symbol;
  /** 0 is the nearest class. */
  readonly level: number;
  /** A method's function, or those of an accessor. */
  readonly functions: readonly Code[];
  readonly isMethod: boolean;
}

/** A function, looked at and not called. */
// biome-ignore lint/suspicious/noExplicitAny: functions of every signature
export type Code = (...args: any[]) => unknown;

export function membersOf(prototypes: readonly object[]): readonly Member[] {
  return prototypes.flatMap((prototype, level) =>
    Reflect.ownKeys(prototype)
      .filter((key) => key !== 'constructor')
      .map((key) => {
        const { value, get, set } = Object.getOwnPropertyDescriptor(prototype, key) as PropertyDescriptor;
        const functions = [value, get, set].filter((part): part is Code => typeof part === 'function');
        return { key, level, functions, isMethod: typeof value === 'function' };
      }),
  );
}
