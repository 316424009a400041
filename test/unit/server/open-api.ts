import { z } from 'zod';
import type { Answer } from './http.js';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
}

interface Operation {
  readonly summary?: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema?: Schema }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<
    Record<string, { readonly description?: string; readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What the door may answer, whatever is asked for; `Failure` all of them. */
const OF_THE_DOOR = new Set([401, 403, 405, 413, 414, 415, 421]);

/** An OpenAPI document, held against itself and against answers. */
export class Description {
  readonly #document: Document;
  readonly #schemas = new Map<Schema, z.ZodType>();
  readonly #answered = new Set<string>();

  constructor(document: Document) {
    this.#document = document;
  }

  /** What makes the document itself invalid. */
  flaws(): readonly string[] {
    const flaws: string[] = [];
    for (const [, ref] of JSON.stringify(this.#document).matchAll(/"\$ref":"([^"]+)"/g))
      if (this.#resolve({ $ref: ref as string }) === undefined) flaws.push(`${ref} leads nowhere`);
    for (const [path, of] of Object.entries(this.#document.paths))
      for (const [method, { parameters = [], responses, requestBody, summary }] of Object.entries(of)) {
        const say = (flaw: string): void => void flaws.push(`${method} ${path}: ${flaw}`);
        const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
        const declared = parameters.filter((one) => one.in === 'path').map(({ name }) => name);
        if (inPath.sort().join() !== declared.sort().join()) say(`has ${inPath} in its path, and declares ${declared}`);
        if (new Set(parameters.map((one) => `${one.in} ${one.name}`)).size !== parameters.length) say('declares a parameter twice');
        for (const one of parameters) {
          if (one.schema === undefined) say(`'${one.name}' has no schema`);
          if (one.in === 'path' && one.required !== true) say(`'${one.name}' is in the path and not required`);
        }
        if (method === 'get' && requestBody !== undefined) say('has a body');
        if (summary === undefined) say('has no summary');
        if (!Object.keys(responses).some((status) => status.startsWith('2'))) say('never succeeds');
        for (const [status, { description }] of Object.entries(responses)) if (!description) say(`${status} has no description`);
      }
    return flaws;
  }

  /** What of an answer is not as it is described. */
  strangeIn({ method, path, status, headers, text, json }: Answer & { readonly method: string; readonly path: string }): readonly string[] {
    const found = this.#find(method, path.split('?')[0] as string);
    if (found === undefined) return status === 404 || path === '/api/openapi.json' ? [] : [`${method} ${path} is not described`];
    const [name, operation] = found;
    if (status < 300) this.#answered.add(name);
    if (OF_THE_DOOR.has(status)) return [];
    const described = operation.responses[status];
    if (described === undefined) return [`${name} answers ${status}: ${text.slice(0, 200)}`];
    const type = (headers['content-type'] ?? '').split(';')[0] as string;
    const contents = described.content ?? {};
    if (contents['application/octet-stream'] !== undefined) return [];
    const content = contents[type];
    if (content === undefined) return text === '' && Object.keys(contents).length === 0 ? [] : [`${name} answers ${status} with '${type}'`];
    if (json === undefined) return [];
    const verdict = this.#zod(content.schema).safeParse(json);
    const wrong = verdict.success ? [] : verdict.error.issues.map((issue) => `${name} ${status}: ${issue.path.join('.')}: ${issue.message}`);
    return [...wrong, ...this.#undeclared(json, content.schema).map((part) => `${name} ${status}: ${part} is not described`)];
  }

  /** Which operations have answered with success. */
  answered(): string[] {
    return [...this.#answered];
  }

  #find(method: string, path: string): readonly [name: string, operation: Operation] | undefined {
    for (const [template, of] of Object.entries(this.#document.paths)) {
      const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}$`);
      const operation = of[method];
      if (operation !== undefined && pattern.test(path)) return [`${method} ${template}`, operation];
    }
    return undefined;
  }

  #resolve({ $ref }: Schema): Schema | undefined {
    return this.#document.components.schemas[$ref?.replace('#/components/schemas/', '') ?? ''];
  }

  #zod(schema: Schema): z.ZodType {
    const known = this.#schemas.get(schema);
    if (known !== undefined) return known;
    const whole = JSON.stringify({ $defs: this.#document.components.schemas, ...schema }).replaceAll('#/components/schemas/', '#/$defs/');
    const made = z.fromJSONSchema(JSON.parse(whole));
    this.#schemas.set(schema, made);
    return made;
  }

  /** Paths of what a value has and its schema does not name. What may be anything is passed over. */
  #undeclared(value: unknown, schema: Schema, path = ''): readonly string[] {
    const parts = this.#partsOf(schema);
    if (Array.isArray(value)) {
      const items = parts.find((part) => part.items !== undefined)?.items;
      return items === undefined ? [] : [...new Set(value.flatMap((one) => this.#undeclared(one, items, `${path}[]`)))];
    }
    const named = parts.filter((part) => part.properties !== undefined);
    if (typeof value !== 'object' || value === null || named.length === 0) return [];
    const properties = Object.assign({}, ...named.map((part) => part.properties)) as Readonly<Record<string, Schema>>;
    return Object.entries(value).flatMap(([name, inner]) => {
      const declared = properties[name];
      return declared === undefined ? [`${path}.${name}`] : this.#undeclared(inner, declared, `${path}.${name}`);
    });
  }

  #partsOf(schema: Schema): readonly Schema[] {
    const target = schema.$ref === undefined ? schema : this.#resolve(schema);
    return target === undefined ? [] : [target, ...(target.allOf ?? []).flatMap((part) => this.#partsOf(part))];
  }
}
