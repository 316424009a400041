import { openS3, type S3Objects } from './s3-client.js';
import type { S3Settings } from './s3-options.js';
import { readObject } from './s3-read.js';
import { createS3Writer, type S3Writer } from './s3-write.js';

/** All that the store needs of the server. Names are whole, with the prefix of the store; errors are the SDK's. */
export interface S3Access extends Pick<S3Objects, 'head' | 'delete' | 'page'>, S3Writer {
  read(name: string, signal: AbortSignal | undefined): Promise<Uint8Array>;
}

/** Loads the SDK, which takes longer than all of Millrace: only when a store is first used. */
export async function openS3Access(settings: S3Settings): Promise<S3Access> {
  const objects = await openS3(settings);
  return {
    head: objects.head,
    delete: objects.delete,
    page: objects.page,
    write: createS3Writer(objects, settings).write,
    read: (name, signal) => readObject(objects, name, settings.maxAttempts, signal),
  };
}
