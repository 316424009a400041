/**
 * A regular expression that is made when it is first asked for. Worth it for those that name classes of Unicode (`\p{…}`): V8 looks these up for every
 * such literal it reads, also in a function that is never called.
 * @param source as in a literal, best by `String.raw`
 */
export function latePattern(source: string, flags: string): () => RegExp {
  let pattern: RegExp | undefined;
  return () => {
    pattern ??= new RegExp(source, flags);
    return pattern;
  };
}
