/** Type tests are compiled, never run: calls stand in functions that nobody calls. */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/**
 * `is<A, B>(true)` compiles when the types are identical: neither a subtype, nor `any`, will do. The argument carries the verdict, so that a
 * difference is reported where the test stands.
 */
export declare function is<A, B>(verdict: Equal<A, B>): void;
