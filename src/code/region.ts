import type { Binding } from './scopes.js';

/** A name of the module, or a global one, that a stretch of code refers to. */
export interface Use {
  readonly name: string;
  /** `name.member`, where that is all there is of it. */
  readonly member: string | undefined;
  readonly isCalled: boolean;
  /** Only inside a function handed to Millrace, which does not run when the module is loaded. */
  readonly isDeferred: boolean;
}

/** What a stretch of code has to do with what is around it. */
export interface Region {
  /** In order of appearance, each once. */
  readonly uses: readonly Use[];
  /** Names declared between the module and the stretch: variables of enclosing functions. */
  readonly outer: ReadonlyMap<string, Binding>;
  /** `this` of an enclosing function. */
  readonly usesOuterThis: boolean;
  /** Names whose values it may change when it runs: it assigns to them, or hands them to somebody. */
  readonly touches: ReadonlySet<string>;
  /** Names a method of which it calls that may change them. */
  readonly calledOn: ReadonlySet<string>;
  /** Those of which it does nothing with what the call gives: `dayjs.extend(utc);`. */
  readonly calledForEffect: ReadonlySet<string>;
  /** It assigns to what every module can see: `globalThis.x = …`, `Array.prototype.y = …`. */
  readonly changesGlobals: boolean;
  /** It does something when the module is loaded, more than making a value. */
  readonly runs: boolean;
  /** Names of members that it uses of values known only when it runs: `model.score`, where `model` is a parameter. */
  readonly members: ReadonlySet<string>;
  /** `import('x')`, `require('x')`. */
  readonly imports: readonly string[];
  /** `new URL('./x.js', import.meta.url)`: a file that a worker may be started from, all of which is run. */
  readonly programs: readonly string[];
  /** What cannot be looked into. */
  readonly unsure: string | undefined;
}

/** What the reader must know of the module. */
export interface RegionSurroundings {
  isModuleName(name: string): boolean;
  /** Whether the name means what a CommonJS module gives away: `exports`, `module`. */
  isOwnExports(name: string): boolean;
  /** Whether calling this name of the module, or a global one, is `require`. */
  isRequire(name: string): boolean;
  /** Whether a name of the module is one of Millrace's own functions. */
  isOwn(name: string): boolean;
}
