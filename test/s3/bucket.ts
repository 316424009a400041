import { createHash, randomUUID } from 'node:crypto';

export interface StoredObject {
  readonly content: Buffer;
  readonly etag: string;
  readonly modified: Date;
  /** Headers that come back with it: metadata, content type, checksums. */
  readonly headers: Readonly<Record<string, string>>;
}

interface MultipartUpload {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly content: Buffer; readonly etag: string }>;
}

/** What a bucket refuses, as S3 names it. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(`${code}, as the server says it`);
    this.status = status;
    this.code = code;
  }
}

export interface Conditions {
  readonly ifMatch: string | undefined;
  readonly ifNoneMatch: string | undefined;
}

const SMALLEST_PART = 5 * 1024 * 1024;

/** The objects of a bucket, and the uploads in the making. Every method is one step: nothing comes in between. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, MultipartUpload>();

  /** @throws Refusal */
  put(name: string, content: Buffer, headers: Readonly<Record<string, string>>, conditions: Conditions, etag = etagOf(content)): StoredObject {
    const found = this.objects.get(name);
    if (conditions.ifNoneMatch === '*' && found !== undefined) throw new Refusal(412, 'PreconditionFailed');
    if (conditions.ifMatch !== undefined && found === undefined) throw new Refusal(404, 'NoSuchKey');
    if (conditions.ifMatch !== undefined && found?.etag !== conditions.ifMatch) throw new Refusal(412, 'PreconditionFailed');
    const stored = { content: Buffer.from(content), etag, modified: new Date(), headers };
    this.objects.set(name, stored);
    return stored;
  }

  begin(name: string, headers: Readonly<Record<string, string>>): string {
    const id = randomUUID();
    this.uploads.set(id, { name, headers, parts: new Map() });
    return id;
  }

  part(id: string, name: string, number: number, content: Buffer): string {
    const etag = etagOf(content);
    this.#upload(id, name).parts.set(number, { content: Buffer.from(content), etag });
    return etag;
  }

  complete(id: string, name: string, listed: readonly { readonly number: number; readonly etag: string }[], conditions: Conditions): StoredObject {
    const { parts, headers } = this.#upload(id, name);
    const contents = listed.map(({ number, etag }, at) => {
      const part = parts.get(number);
      if (part === undefined || part.etag !== etag) throw new Refusal(400, 'InvalidPart');
      if (at > 0 && listed[at - 1]!.number >= number) throw new Refusal(400, 'InvalidPartOrder');
      if (at < listed.length - 1 && part.content.length < SMALLEST_PART) throw new Refusal(400, 'EntityTooSmall');
      return part.content;
    });
    const whole = createHash('md5');
    for (const content of contents) whole.update(createHash('md5').update(content).digest());
    const stored = this.put(name, Buffer.concat(contents), headers, conditions, `"${whole.digest('hex')}-${listed.length}"`);
    this.uploads.delete(id);
    return stored;
  }

  abort(id: string, name: string): void {
    this.#upload(id, name);
    this.uploads.delete(id);
  }

  /** In the order of their UTF-8 bytes, as S3 lists them. */
  list(prefix: string, after: string, max: number): { readonly found: readonly (readonly [string, StoredObject])[]; readonly truncated: boolean } {
    const all = [...this.objects].filter(
      ([name]) => name.startsWith(prefix) && (after === '' || Buffer.compare(Buffer.from(name), Buffer.from(after)) > 0),
    );
    all.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    return { found: all.slice(0, max), truncated: all.length > max };
  }

  #upload(id: string, name: string): MultipartUpload {
    const upload = this.uploads.get(id);
    if (upload?.name !== name) throw new Refusal(404, 'NoSuchUpload');
    return upload;
  }
}

function etagOf(content: Buffer): string {
  return `"${createHash('md5').update(content).digest('hex')}"`;
}
