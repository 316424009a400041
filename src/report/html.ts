const MARKUP = Symbol('markup');

/** Text that is HTML already. Made by `html` and `trusted` alone, so that nothing else reaches a page unescaped. */
export interface Markup {
  readonly [MARKUP]: string;
}

export type Part = string | number | Markup | false | undefined | readonly Part[];

/**
 * HTML from a template: what stands in the source is taken as it is, what is put in is escaped, for text and for attributes in quotes alike.
 * Lists are joined; `undefined` and `false` leave nothing.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] as string;
  parts.forEach((part, at) => {
    text += rendered(part) + (strings[at + 1] as string);
  });
  return { [MARKUP]: text };
}

/** Markup that somebody else has made and vouches for: our own drawings, style and script. */
export function trusted(markup: string): Markup {
  return { [MARKUP]: markup };
}

export function textOf(markup: Markup): string {
  return markup[MARKUP];
}

function rendered(part: Part): string {
  if (part === undefined || part === false) return '';
  if (typeof part === 'string' || typeof part === 'number') return escapeHtml(String(part));
  return MARKUP in part ? part[MARKUP] : (part as readonly Part[]).map(rendered).join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Control characters are no HTML, and half of a surrogate pair is no text; the rest is as it was. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] as string).replace(/(?![\n\t])[\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}]/gu, '\ufffd');
}

/** Data for a script element: no text in it can end the element or begin a comment. */
export function jsonForScript(data: unknown): Markup {
  return trusted(JSON.stringify(data).replaceAll('<', '\\u003c'));
}
