import type { Param } from '../flow/parameters.js';
import type { Task } from '../flow/task-type.js';

// biome-ignore lint/suspicious/noExplicitAny: methods of every signature
export type AnyMethod = (...args: any[]) => any;
// biome-ignore lint/suspicious/noExplicitAny: classes of every constructor
type AnyClass = abstract new (...args: any[]) => any;

/** Stands above a method, whichever kind of decorators the compiler speaks: those of the language (TC39), or `experimentalDecorators`. */
export interface MethodDecorator2 {
  <This, F extends AnyMethod>(value: F, context: ClassMethodDecoratorContext<This, F>): void;
  (target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<AnyMethod>): void;
}

/** Stands above a class, under either kind of decorators. */
export interface ClassDecorator2 {
  <C extends AnyClass>(value: C, context: ClassDecoratorContext<C>): void;
  <C extends AnyClass>(target: C): void;
}

/** Stands above a field, under either kind of decorators. */
export interface FieldDecorator2 {
  <This, V>(value: undefined, context: ClassFieldDecoratorContext<This, V>): (this: This, initial: V) => V;
  (target: object, key: string | symbol, descriptor?: undefined): void;
}

/** The methods of a class as tasks: they take futures and give futures. */
export type TaskMethods<C> = {
  readonly [K in keyof C as C[K] extends AnyMethod ? K : never]: C[K] extends (...args: infer A) => infer R ? Task<A, Awaited<R>> : never;
};

/** The data fields of a class as parameters: all may be left out, as far as types can tell; a run checks those without a default when it starts. */
export type ClassParams<I> = { readonly [K in keyof I as I[K] extends AnyMethod ? never : K]: Param<I[K], I[K], true> };
