/** A place in a source file. Lines and columns count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  readonly column: number | undefined;
}

// biome-ignore lint/complexity/noBannedTypes: functions of every signature, looked at and not called
export type CodeFunction = Function;

/** A member of a class that a task is made of; `name` is undefined for the class itself. */
export interface CodeMember {
  readonly className: string;
  readonly name: string | undefined;
  readonly code: CodeFunction;
}

/**
 * Where the code of a definition is to be found (S22). Made with each task and flow, so it costs next to nothing until somebody asks.
 * - `task`, `shell`, `flow`: the function is an argument of that call
 * - `method`: the members are those of the class around a decorator
 * - `class`: the code is the class under a decorator, or the one given to the call
 */
export interface CodeSite {
  readonly kind: 'task' | 'shell' | 'flow' | 'method' | 'class';
  /** The function. Its text stands for it where its source is not found; undefined: there is none, `also` says all. */
  readonly code: CodeFunction | undefined;
  /** Of a method and a class: everything that counts, the function itself first. */
  readonly members: readonly CodeMember[] | undefined;
  /** What else counts as code: a command, its folder. */
  readonly also: string | undefined;
  /** When it was made, in milliseconds since the epoch: files that were changed later are not what runs. */
  readonly madeAt: number;
  /** The calls that led here, the innermost first, in the files they were written in. Empty where that cannot be known. Never throws. */
  places(): readonly SourcePlace[];
}
