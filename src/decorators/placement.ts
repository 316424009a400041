import { MillraceError } from '../base/error.js';

/** The second argument of a decorator of the language (TC39). */
interface Context {
  readonly kind: string;
  readonly name: string | symbol | undefined;
  readonly static?: boolean;
  readonly private?: boolean;
}

/** What a decorator was put on, in the same words for both kinds of decorators. */
export interface Placement {
  readonly kind: 'class' | 'method' | 'field' | 'accessor' | 'getter' | 'setter';
  readonly name: string | symbol;
  readonly isStatic: boolean;
  readonly isPrivate: boolean;
  /** A class, or a method's function. For a field: the prototype under `experimentalDecorators`, nothing under TC39. */
  readonly target: unknown;
}

/** @param received what the compiler handed to the decorator */
export function placementOf(received: readonly unknown[]): Placement {
  const [target, place, descriptor] = received;
  if (isContext(place)) {
    const { kind, name = '', static: isStatic = false, private: isPrivate = false } = place;
    return { kind: kind as Placement['kind'], name, isStatic, isPrivate, target };
  }
  if (place === undefined && typeof target === 'function') return { kind: 'class', name: target.name, isStatic: false, isPrivate: false, target };
  const { value, get, set } = (descriptor ?? {}) as PropertyDescriptor;
  const kind = typeof value === 'function' ? 'method' : get ? 'getter' : set ? 'setter' : 'field';
  const shared = { name: place as string | symbol, isStatic: typeof target === 'function', isPrivate: false };
  return { kind, ...shared, target: kind === 'method' ? value : target };
}

function isContext(place: unknown): place is Context {
  return typeof place === 'object' && place !== null && 'kind' in place;
}

/** `@Task` instead of `@Task()`: the compiler then hands the decorated thing where options are expected. */
export function optionsOf<O extends object>(decorator: string, args: readonly unknown[]): O {
  const [options = {}] = args;
  if (args.length <= 1 && typeof options === 'object' && options !== null) return options as O;
  throw new MillraceError('DECORATOR_NOT_CALLED', `expected @${decorator}() or @${decorator}({ … }); got @${decorator} without parentheses`, {
    hint: `Write @${decorator}().`,
  });
}

export function misplaced(decorator: string, expected: string, { kind, name, isStatic, isPrivate }: Placement): MillraceError {
  const got = [isStatic ? 'static' : '', isPrivate ? 'private' : '', kind, `'${String(name)}'`].filter((word) => word !== '').join(' ');
  return new MillraceError('DECORATOR_MISPLACED', `expected @${decorator}() above ${expected}; got it above ${got}`);
}
