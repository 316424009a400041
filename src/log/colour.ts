/** What is asked of a stream to decide on colour. */
export interface ColourStream {
  readonly isTTY?: boolean;
}

/**
 * Whether to colour what goes to `stream`. In this order: `NO_COLOR` (any value but an empty one) says no, `FORCE_COLOR` says yes
 * (`0` and `false` say no), `TERM=dumb` says no; then terminals get colour and nothing else does.
 */
export function useColour(stream: ColourStream, env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  if (env.TERM === 'dumb') return false;
  return stream.isTTY === true;
}
