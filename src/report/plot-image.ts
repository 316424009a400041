import { MillraceError } from '../base/error.js';
import { loadLibrary } from '../results/formats/optional-library.js';

/** A plot as the text of an SVG, or why there is none. */
export type PlotImage = { readonly svg: string } | { readonly why: string };

const WHY = 'to draw plots in reports';

/**
 * Draws a Vega or Vega-Lite spec where these packages are installed. Nothing is fetched: a spec has its data in it, or is not drawn.
 * @param contentType `application/vnd.vegalite.v6+json`, `application/vnd.vega.v5+json`
 */
export async function plotImage(spec: object, contentType: string): Promise<PlotImage> {
  try {
    const vega = await loadLibrary('vega', WHY);
    const logger = vega.logger(vega.None);
    const full = contentType.includes('vegalite') ? (await loadLibrary('vega-lite', WHY)).compile(spec, { logger }).spec : spec;
    const refused = new Set<string>();
    const view = new vega.View(vega.parse(full), { renderer: 'none', loader: lockedLoader(vega.loader(), refused), logger });
    try {
      await view.runAsync();
      const svg = await view.toSVG();
      return refused.size === 0
        ? { svg }
        : { why: `its data lie elsewhere (${[...refused].join(', ')}), and a report fetches nothing: put them into the spec` };
    } finally {
      view.finalize();
    }
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'FORMAT_LIBRARY_MISSING')
      return { why: 'plots are drawn by the packages vega and vega-lite, which are not installed: npm install vega vega-lite' };
    return { why: `it could not be drawn (${error instanceof Error ? error.message : String(error)})` };
  }
}

/** Vega's own would open files and addresses that a spec names. Images inside the spec stay. */
function lockedLoader(loader: object, refused: Set<string>): object {
  const refuse = async (address: unknown): Promise<never> => {
    refused.add(String(address).slice(0, 200));
    throw new Error('a report fetches nothing');
  };
  // Vega takes a refusal for an address it can read: it gets none instead.
  const sanitize = async (address: unknown): Promise<object> => {
    return typeof address === 'string' && address.startsWith('data:image/') ? { href: address } : {};
  };
  return { ...loader, load: refuse, http: refuse, file: refuse, sanitize };
}
