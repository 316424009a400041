import picocolors from 'picocolors';
import { useColour } from '../log/colour.js';
import type { Terminal, TextStream } from './terminal.js';

/** Paints text, or leaves it as it is. */
export type Colours = ReturnType<typeof picocolors.createColors>;

/** The colours for what goes to `stream`: NO_COLOR, FORCE_COLOR and what the stream is decide. */
export function coloursFor(stream: TextStream, env: Terminal['env']): Colours {
  return picocolors.createColors(useColour(stream, env));
}
