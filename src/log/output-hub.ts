import type { LogLevel } from '../model/event.js';
import { CapturedConsole, CONSOLE_METHODS, type ConsoleMethod } from './captured-console.js';
import { type Method, MethodPatch } from './method-patch.js';
import { type OutputTarget, TargetOutput } from './target-output.js';

/** Finds the task that is running here and now, if one is. */
export type CurrentTarget = () => OutputTarget | undefined;

/**
 * Stands between the program and its output while at least one capture is held. There is one for the process, whatever the number of
 * runs and of copies of this package: `capture.ts` keeps it on `globalThis`, so its public methods are a contract between versions.
 */
export class OutputHub {
  /** Who to ask, and how many captures asked for it. Mostly one entry. */
  readonly #sources: { readonly current: CurrentTarget; holders: number }[] = [];
  readonly #outputs = new WeakMap<OutputTarget, TargetOutput>();
  /** Some target has printed something. */
  #isUsed = false;
  readonly #console = new CapturedConsole();
  #patches: readonly MethodPatch[] = [];
  #patchedConsole: object | undefined;
  /** Above 0 while somebody writes who must not be captured. */
  #uncaptured = 0;

  hold(current: CurrentTarget): void {
    const source = this.#sources.find((candidate) => candidate.current === current);
    if (source !== undefined) source.holders += 1;
    else this.#sources.push({ current, holders: 1 });
    // Not only the first time: a test runner may have put another console in place.
    if (this.#sources.length === 1 || this.#patchedConsole !== globalThis.console) this.#install();
  }

  release(current: CurrentTarget): void {
    const place = this.#sources.findIndex((candidate) => candidate.current === current);
    const source = this.#sources[place];
    if (source === undefined) return;
    source.holders -= 1;
    if (source.holders > 0) return;
    this.#sources.splice(place, 1);
    if (this.#sources.length === 0) for (const patch of this.#patches) patch.restore();
  }

  flush(target: OutputTarget): void {
    if (this.#isUsed) this.#outputs.get(target)?.flush();
  }

  uncaptured<T>(write: () => T): T {
    this.#uncaptured += 1;
    try {
      return write();
    } finally {
      this.#uncaptured -= 1;
    }
  }

  /** The output of the task that runs here; undefined outside of tasks. */
  #current(): TargetOutput | undefined {
    if (this.#uncaptured > 0) return undefined;
    for (const { current } of this.#sources) {
      const target = current();
      if (target !== undefined) return this.#outputOf(target);
    }
    return undefined;
  }

  #outputOf(target: OutputTarget): TargetOutput {
    let output = this.#outputs.get(target);
    if (output === undefined) {
      output = new TargetOutput(target, this.#emit);
      this.#isUsed = true;
      this.#outputs.set(target, output);
    }
    return output;
  }

  /** A target may print the line at once, in the context of the task it came from: that must not come back here. */
  readonly #emit = (target: OutputTarget, level: LogLevel, text: string): void => {
    this.#uncaptured += 1;
    try {
      target.line(level, text);
    } finally {
      this.#uncaptured -= 1;
    }
  };

  #install(): void {
    if (this.#patchedConsole !== globalThis.console) {
      for (const patch of this.#patches) patch.restore();
      const { console } = globalThis;
      this.#patchedConsole = console;
      this.#patches = [
        new MethodPatch(process.stdout, 'write', (original) => this.#streamWrite(original, 'stdout')),
        new MethodPatch(process.stderr, 'write', (original) => this.#streamWrite(original, 'stderr')),
        ...CONSOLE_METHODS.map((name) => new MethodPatch(console, name, (original) => this.#consoleMethod(original, name))),
      ];
    }
    for (const patch of this.#patches) patch.install();
  }

  #consoleMethod(original: Method, name: ConsoleMethod): Method {
    const hub = this;
    const wrapper: Method = function (...args) {
      const output = hub.#current();
      if (output === undefined) return Reflect.apply(original, this, args);
      if (name === 'trace') hub.#console.trace(args, output, wrapper);
      else hub.#console.call(name, args, output);
      return undefined;
    };
    return wrapper;
  }

  #streamWrite(original: Method, stream: 'stdout' | 'stderr'): Method {
    const hub = this;
    return function write(...args) {
      const output = hub.#current();
      // What cannot be written is left to the stream, which throws the error that belongs there.
      const chunk = output === undefined ? undefined : writtenChunk(args[0], args[1]);
      if (output === undefined || chunk === undefined) return Reflect.apply(original, this, args);
      output[stream].write(chunk, stream === 'stdout' ? 'info' : 'error');
      const callback = typeof args[1] === 'function' ? args[1] : args[2];
      if (typeof callback === 'function') process.nextTick(callback as () => void, null);
      return true;
    };
  }
}

/** What the arguments of `stream.write` mean: text, or bytes of UTF-8; undefined when a stream would refuse them. */
function writtenChunk(chunk: unknown, encoding: unknown): string | Uint8Array | undefined {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk !== 'string') return undefined;
  if (typeof encoding !== 'string' || /^utf-?8$/i.test(encoding)) return chunk;
  return Buffer.isEncoding(encoding) ? Buffer.from(chunk, encoding) : undefined;
}
