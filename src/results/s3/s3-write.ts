import { Readable } from 'node:stream';
import type { CompleteMultipartUploadCommandOutput, PutObjectCommandOutput, S3Client } from '@aws-sdk/client-s3';
import { systemClock } from '../../base/clock.js';
import { faultPoint } from '../../base/fault-point.js';
import { newMark, type S3Objects } from './s3-client.js';
import { isConflict, isNotImplemented, leavesOpen, NotOfS3 } from './s3-error.js';
import { PARTS_AT_ONCE, type S3Settings } from './s3-options.js';

export interface S3Writer {
  /** @returns whether it is this write that lies there: false when `ifAbsent` found another */
  write(name: string, content: Uint8Array | AsyncIterable<Uint8Array>, options: S3WriteOptions): Promise<boolean>;
}

export interface S3WriteOptions {
  readonly ifAbsent: boolean;
  readonly meta: Readonly<Record<string, string>>;
}

/** How often a write that another one got in the way of is tried again. */
const CONFLICTS = 3;
const CONFLICT_DELAY_MS = 100;

/**
 * Writes objects whole or not at all. Each write bears a mark of its own, so that one whose answer was lost is known to have happened, and
 * is not taken for somebody else's when its repetition finds the object there.
 */
export function createS3Writer(objects: S3Objects, { bucket, partSize }: S3Settings): S3Writer {
  const { sdk, client } = objects;
  /** Until the server says that it has never heard of them. */
  let hasConditions = true;

  return {
    async write(name, content, { ifAbsent, meta }) {
      const { mark, metadata } = newMark(meta);
      const commit = (send: Send) => settle(name, mark, ifAbsent, send);
      if (content instanceof Uint8Array && content.length <= partSize) {
        return await commit((condition) =>
          client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: name, Body: content, Metadata: metadata, ...condition })),
        );
      }
      // Cheaper than to send all of it and be refused at the end.
      if (ifAbsent && (await objects.head(name)) !== undefined) return false;
      return await upload(name, content, metadata, commit);
    },
  };

  /** Sends what makes the object appear: a put, or the completion of an upload in parts. */
  async function settle(name: string, mark: string, ifAbsent: boolean, send: Send): Promise<boolean> {
    for (let conflicts = 0; ; ) {
      const isConditional = ifAbsent && hasConditions;
      if (ifAbsent && !isConditional && (await objects.head(name)) !== undefined) return false;
      try {
        faultPoint('s3.commit');
        await send(isConditional ? { IfNoneMatch: '*' } : {});
        return true;
      } catch (error) {
        if (isConditional && isNotImplemented(error)) {
          hasConditions = false;
          continue;
        }
        if (!leavesOpen(error)) throw error;
        const found = await objects.head(name).catch(() => undefined);
        if (found?.mark === mark) return true;
        if (!isConflict(error)) throw error;
        if (found !== undefined && ifAbsent) return false;
        // Nothing is there: the other write failed, or what was there has been deleted since.
        if (conflicts++ === CONFLICTS) throw error;
        await new Promise<void>((resolve) => void systemClock.schedule(CONFLICT_DELAY_MS * conflicts, resolve));
      }
    }
  }

  /** The SDK cuts the content into parts and sends them; the commands that make the object appear pass through our hands. */
  async function upload(
    name: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    metadata: Record<string, string>,
    commit: (send: Send) => Promise<boolean>,
  ): Promise<boolean> {
    const { Upload } = await import('@aws-sdk/lib-storage');
    let created = false;
    const send = async (command: Parameters<S3Client['send']>[0]): Promise<unknown> => {
      if (command instanceof sdk.PutObjectCommand) {
        created = await commit((condition) => client.send(new sdk.PutObjectCommand({ ...command.input, ...condition })));
        return {};
      }
      if (command instanceof sdk.CompleteMultipartUploadCommand) {
        created = await commit((condition) => client.send(new sdk.CompleteMultipartUploadCommand({ ...command.input, ...condition }))).finally(() => {
          if (!created) return discardParts(name, command.input.UploadId);
        });
        return {};
      }
      // What is left of an upload that failed is a matter of tidiness; the failure is what has to be told.
      if (command instanceof sdk.AbortMultipartUploadCommand) return await discardParts(name, command.input.UploadId);
      return await client.send(command);
    };
    const source = watched(content);
    const through = { config: client.config, send } as unknown as S3Client;
    const params = { Bucket: bucket, Key: name, Metadata: metadata, Body: source.body };
    try {
      await new Upload({ client: through, params, partSize, queueSize: PARTS_AT_ONCE }).done();
      return created;
    } catch (error) {
      throw source.failure() ?? error;
    }
  }

  async function discardParts(name: string, id: string | undefined): Promise<void> {
    if (id === undefined) return;
    await client.send(new sdk.AbortMultipartUploadCommand({ Bucket: bucket, Key: name, UploadId: id })).catch(() => undefined);
  }
}

/** Sends a write on this condition. */
type Send = (condition: { readonly IfNoneMatch?: '*' }) => Promise<PutObjectCommandOutput | CompleteMultipartUploadCommandOutput>;

/** A source that fails is not to be taken for a server that does. */
function watched(content: Uint8Array | AsyncIterable<Uint8Array>): { readonly body: Buffer | Readable; failure(): unknown } {
  if (content instanceof Uint8Array) return { body: Buffer.from(content.buffer, content.byteOffset, content.byteLength), failure: () => undefined };
  let failure: { readonly error: unknown } | undefined;
  const pieces = async function* (): AsyncIterable<Uint8Array> {
    try {
      // The consumer may change its buffer once it has handed it over.
      for await (const piece of content) yield Uint8Array.from(piece);
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  return { body: Readable.from(pieces(), { objectMode: true }), failure: () => failure && new NotOfS3(failure.error) };
}
