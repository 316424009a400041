/** Any method, as it is found on an object that is not ours. */
export type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Replaces a method of an object that others use and patch too, and puts it back exactly: the same descriptor, or none where the method
 * was inherited. When somebody patched on top meanwhile, theirs stays, and ours stays under it as what it calls.
 */
export class MethodPatch {
  readonly #object: object;
  readonly #name: string;
  readonly #wrap: (original: Method) => Method;
  #wrapper: Method | undefined;
  #before: PropertyDescriptor | undefined;

  constructor(object: object, name: string, wrap: (original: Method) => Method) {
    this.#object = object;
    this.#name = name;
    this.#wrap = wrap;
  }

  /** Does nothing where there is no such method, or the object is frozen. */
  install(): void {
    const current: unknown = Reflect.get(this.#object, this.#name);
    // Still there when somebody had patched on top of it and has gone since.
    if (typeof current !== 'function' || current === this.#wrapper) return;
    const before = Object.getOwnPropertyDescriptor(this.#object, this.#name);
    const wrapper = this.#wrap(current as Method);
    const attributes = { writable: true, configurable: true, enumerable: before?.enumerable ?? true };
    if (!Reflect.defineProperty(this.#object, this.#name, { ...attributes, value: wrapper })) return;
    this.#before = before;
    this.#wrapper = wrapper;
  }

  restore(): void {
    if (this.#wrapper === undefined || Reflect.get(this.#object, this.#name) !== this.#wrapper) return;
    if (this.#before === undefined) Reflect.deleteProperty(this.#object, this.#name);
    else Reflect.defineProperty(this.#object, this.#name, this.#before);
    this.#wrapper = undefined;
    this.#before = undefined;
  }
}
