/** What the notebooks of Deno ask an object for: its texts by media type, or a promise of them. */
export const JUPYTER_DISPLAY: unique symbol = Symbol.for('Jupyter.display') as never;
