export interface Attributes {
  /** Attributes by name; undefined and false leave them out, true is an attribute without a value. */
  readonly [name: string]: string | number | boolean | undefined | ((event: Event) => void);
}

export type Child = Node | string | number | false | null | undefined;

/**
 * An element with its attributes and children. Texts become text nodes, so that nothing of a run is ever taken for markup. Attributes that
 * begin with `on` are listeners.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  dress(element, attributes, children);
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

export function svg<K extends keyof SVGElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  dress(element, attributes, children);
  return element;
}

function dress(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  fill(element, ...children);
}

/** Puts these in the place of what is in it. */
export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...children.filter((child) => child !== false && child !== null && child !== undefined).map(nodeOf));
}

function nodeOf(child: Node | string | number): Node {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

/** A name of the user's: its direction of writing is its own, and turns nothing around it. */
export function name(text: string): HTMLElement {
  return el('bdi', {}, text);
}

/** The part of the page with this id: where its tools and its body go. */
export function part(id: string): { readonly tools: HTMLElement; readonly body: HTMLElement } | undefined {
  const section = document.getElementById(id);
  const tools = section?.querySelector<HTMLElement>('.tools');
  const body = section?.querySelector<HTMLElement>('.body');
  return tools && body ? { tools, body } : undefined;
}
