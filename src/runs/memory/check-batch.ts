import { checkDigest, checkDigests } from '../digests.js';
import type { RecordBatch } from '../run-record.js';

/**
 * Before anything is taken over: a batch is kept as a whole or not at all. Refuses what a database would.
 * @throws MillraceError `DIGEST_INVALID`
 */
export function checkBatch({ taskRuns = [], reused = [], artifacts = [], runArtifacts = [], code, entries = [] }: RecordBatch): void {
  for (const { nodeKey, cacheKey } of taskRuns) {
    if (nodeKey !== undefined) checkDigest('nodeKey', nodeKey);
    if (cacheKey !== undefined) checkDigest('cacheKey', cacheKey);
  }
  for (const { nodeKey, cacheKey } of reused) for (const keys of [nodeKey, cacheKey]) checkDigests('key', keys);
  for (const { ref } of [...artifacts, ...runArtifacts]) {
    checkDigest('contentDigest', ref.contentDigest);
    checkDigest('valueDigest', ref.valueDigest);
  }
  for (const { digest } of [...(code ? [code] : []), ...(code?.contents ?? [])]) checkDigest('contentDigest', digest);
  for (const { taskVersion, key, artifacts: made } of entries) {
    checkDigest('taskVersion', taskVersion);
    checkDigest('key', key);
    for (const { ref } of made) checkDigest('contentDigest', ref.contentDigest);
  }
}
