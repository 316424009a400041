import type { StandardSchemaV1 } from '@standard-schema/spec';
import { describe, MillraceError } from '../base/error.js';
import { refuseOtherOptions } from '../base/other-option.js';

/** Any schema that speaks Standard Schema: zod, valibot, arktype … */
export type AnySchema = StandardSchemaV1<unknown, unknown>;

/** A declared parameter. `Out` is what the flow's body gets, `In` what a run is given, `Opt` whether it may be left out. The fields exist for the type checker only. */
export interface Param<Out, In = Out, Opt extends boolean = boolean> {
  readonly __param: Out;
  readonly __in: In;
  readonly __opt: Opt;
}

/** `'a'` becomes `string`, `0.2` becomes `number`: a default says of which type a parameter is, not its only value. */
export type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T;

/** The parameters of a flow: by name, each with a schema or declared by `param`; or one schema for all of them together. */
export type ParamSpec = AnySchema | { readonly [name: string]: Param<unknown, unknown, boolean> | AnySchema };

/** What the flow's body gets. */
export type ParamsOf<S> = S extends AnySchema
  ? StandardSchemaV1.InferOutput<S>
  : {
      readonly [K in keyof S]: S[K] extends Param<infer T, unknown, boolean>
        ? T
        : S[K] extends AnySchema
          ? StandardSchemaV1.InferOutput<S[K]>
          : never;
    };

type InOf<P> = P extends Param<unknown, infer I, boolean> ? I : P extends AnySchema ? StandardSchemaV1.InferInput<P> : never;
type IsOptional<P> =
  P extends Param<unknown, unknown, infer O> ? O : P extends AnySchema ? (undefined extends StandardSchemaV1.InferInput<P> ? true : false) : false;

/** What a run is given: parameters with a default may be left out. */
export type ParamsIn<S> = S extends AnySchema
  ? StandardSchemaV1.InferInput<S>
  : keyof S extends never
    ? { readonly [name: string]: never }
    : { [K in keyof S as IsOptional<S[K]> extends true ? never : K]: InOf<S[K]> } & {
        [K in keyof S as IsOptional<S[K]> extends true ? K : never]?: InOf<S[K]>;
      };

export interface ParamOptions {
  /** One line for `--help`, the page and the flow's description. */
  readonly help?: string;
  /** An environment variable that gives the value when `MILLRACE_PARAM_<NAME>` does not. */
  readonly env?: string;
  /** false: the value does not count in cache keys. @default true */
  readonly significant?: boolean;
}

export const PARAM_OPTIONS = ['help', 'env', 'significant'] satisfies (keyof ParamOptions)[];

export interface SchemaParamOptions extends ParamOptions {
  /** The value is shown as `***` wherever it would be printed or recorded. @default false */
  readonly secret?: boolean;
  /** What separates the elements of a list that comes as text, as in `--param xs=1,2,3`. @default ',' */
  readonly delimiter?: string;
}

/** How the content of a file becomes the parameter's value. */
export interface FileParameter {
  readonly parse: 'text' | 'json' | 'csv' | ((text: string) => unknown);
  /** Between the cells of a CSV file. */
  readonly delimiter: string | undefined;
  readonly schema: AnySchema | undefined;
}

/** What `param` knows, as the rest of `flow/` reads it. At most one of `schema`, `fallback` and `file` tells what it is; a file's `fallback` is its path. */
export interface ParamDefinition {
  readonly schema: AnySchema | undefined;
  /** The declared default; its type is the parameter's type. */
  readonly fallback: string | number | boolean | undefined;
  readonly help: string | undefined;
  readonly env: string | undefined;
  readonly significant: boolean;
  readonly secret: boolean;
  /** What separates the elements of a list in a text. */
  readonly delimiter: string | undefined;
  readonly file: FileParameter | undefined;
}

// A registered symbol, because a flow file and the CLI may have loaded two copies of the package.
const DEFINITION = Symbol.for('millrace.param');

/**
 * Declares a parameter with a schema. It is required unless the schema accepts `undefined` (`.default(…)`, `.optional()`).
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export function param<S extends AnySchema>(
  schema: S,
  options?: SchemaParamOptions,
): Param<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>, undefined extends StandardSchemaV1.InferInput<S> ? true : false>;
/**
 * Declares a parameter by its default, whose type (string, number or boolean) is the parameter's.
 * @throws MillraceError `PARAM_DECLARATION_INVALID`
 */
export function param<T extends string | number | boolean>(options: ParamOptions & { readonly default: T }): Param<Widen<T>, Widen<T>, true>;
export function param(first: AnySchema | (ParamOptions & { readonly default: string | number | boolean }), second: SchemaParamOptions = {}): unknown {
  const definition = isSchema(first) ? definitionOf(first, undefined, second) : definitionOf(undefined, checkedDefault(first), first);
  return paramOf(definition);
}

export function paramOf(definition: ParamDefinition): unknown {
  return Object.freeze({ [DEFINITION]: definition });
}

function definitionOf(schema: AnySchema | undefined, fallback: ParamDefinition['fallback'], options: SchemaParamOptions): ParamDefinition {
  const known = schema === undefined ? ['default', ...PARAM_OPTIONS] : [...PARAM_OPTIONS, 'secret', 'delimiter'];
  refuseOtherOptions(options, known, 'PARAM_DECLARATION_INVALID', ' of param()');
  const { help, env, significant = true, secret = false, delimiter } = options;
  if (delimiter !== undefined && (typeof delimiter !== 'string' || delimiter === ''))
    throw new MillraceError('PARAM_DECLARATION_INVALID', `param() expects 'delimiter' to be a text; got ${describe(delimiter)}`);
  return Object.freeze({ schema, fallback, help, env, significant, secret, delimiter, file: undefined });
}

function checkedDefault(options: { readonly default: string | number | boolean }): string | number | boolean {
  const fallback: unknown = options?.default;
  if (typeof fallback === 'string' || typeof fallback === 'number' || typeof fallback === 'boolean') return fallback;
  throw new MillraceError(
    'PARAM_DECLARATION_INVALID',
    `param() expects a schema, or { default } with a string, number or boolean; got ${describe(options)}`,
    {
      hint: 'For other types pass a schema: param(z.array(z.number())).',
    },
  );
}

export function isSchema(value: unknown): value is AnySchema {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && '~standard' in value;
}

/** Names that would reach an object's prototype; no parameter may bear one. */
export const UNSAFE_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * The parameters of a spec given by name.
 * @throws MillraceError `PARAM_DECLARATION_INVALID` naming the entry that is neither a schema nor made by `param`
 */
export function definitionsIn(spec: Exclude<ParamSpec, AnySchema>): ReadonlyMap<string, ParamDefinition> {
  const definitions = new Map<string, ParamDefinition>();
  for (const [name, entry] of Object.entries(spec)) {
    if (UNSAFE_NAMES.has(name)) throw new MillraceError('PARAM_DECLARATION_INVALID', `'${name}' cannot be the name of a parameter`);
    const made = (entry as { readonly [DEFINITION]?: ParamDefinition } | undefined)?.[DEFINITION];
    if (made !== undefined) definitions.set(name, made);
    else if (isSchema(entry)) definitions.set(name, definitionOf(entry, undefined, {}));
    else {
      throw new MillraceError('PARAM_DECLARATION_INVALID', `parameter '${name}': expected a schema or param(…), got ${describe(entry)}`, {
        hint: `Write ${name}: param({ default: … }) for a plain default.`,
      });
    }
  }
  return definitions;
}
