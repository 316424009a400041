/** The version that specs without `$schema` are taken to be of. */
const NEWEST_VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';
const SCHEMA = /\/schema\/(vega(?:-lite)?)\/v(\d+)/;
/** A Vega-Lite spec has one of these. */
const VIEWS: readonly string[] = ['mark', 'layer', 'facet', 'repeat', 'concat', 'hconcat', 'vconcat', 'spec'];

export interface PlotSpec {
  /** Plain data: dates as text, without what JSON leaves out. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** As notebooks call it. */
  readonly contentType: string;
}

/** By its `$schema`. */
export function isSpec(value: unknown): value is { readonly $schema: string } {
  const schema = (value as { readonly $schema?: unknown } | null)?.$schema;
  return typeof value === 'object' && value !== null && typeof schema === 'string' && SCHEMA.test(schema);
}

/** Of a spec, of a builder that makes one (`toSpec`, `toJSON`), or of one that lacks its `$schema`. Undefined: it is none. */
export function asSpec(value: object): PlotSpec | undefined {
  const { toSpec } = value as { readonly toSpec?: unknown };
  const made: unknown = typeof toSpec === 'function' ? toSpec.call(value) : value;
  const plain: unknown = JSON.parse(JSON.stringify(made) ?? 'null');
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return undefined;
  const spec = isSpec(plain) || !VIEWS.some((view) => view in plain) ? plain : { $schema: NEWEST_VEGA_LITE, ...plain };
  const [, language, version] = isSpec(spec) ? (SCHEMA.exec(spec.$schema) ?? []) : [];
  if (language === undefined) return undefined;
  return { spec: spec as PlotSpec['spec'], contentType: `application/vnd.${language.replace('-', '')}.v${version}+json` };
}

/** What a drawing library gives: an element, of a browser's document or of another one. */
export function isFigure(value: unknown): value is { readonly outerHTML: string } {
  return typeof value === 'object' && value !== null && typeof (value as { readonly outerHTML?: unknown }).outerHTML === 'string';
}

const NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"';

/** As a file of its own: an element of an HTML document need not say what it is. */
export function svgFile(element: string): string {
  const tag = /^<svg\b[^>]*>/i.exec(element)?.[0] ?? '';
  return /\sxmlns=/.test(tag) ? element : element.replace(/^<svg\b/i, `<svg ${NAMESPACE}`);
}
