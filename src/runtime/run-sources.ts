import { MillraceError } from '../base/error.js';
import type { FlowDefinition } from '../flow/flow-runtime.js';
import { ParameterError, type ParameterSources, type ResolvedParameters, resolveParameters } from '../flow/parameters.js';
import type { ArtifactRef } from '../model/artifact.js';
import { TASK_DEFAULTS } from '../model/task-definition.js';
import { mediaTypeOfPath } from '../results/artifacts/media-type.js';
import { BYTE_STREAM } from '../results/formats/byte-stream.js';
import type { ResultStream } from '../results/formats/result-stream.js';
import { artifactUri, contentAddress, recordUri } from '../results/store-address.js';
import { keeperFor, openProject } from './project.js';
import { secretOfFile } from './secrets-file.js';

/** Where the parameters of a flow's run come from beside what its caller gives: the environment, the file of secrets, and what was kept of files. */
export function sourcesOf(flow: FlowDefinition, given: ParameterSources): ParameterSources {
  return { environment: process.env, secrets: secretOfFile, contents: (file) => keptContent(flow, file), ...given };
}

/** For who looks at a flow: required parameters may be left out, and which they are is told. @throws ParameterError for what is wrong */
export async function resolveWhatIsGiven(
  flow: FlowDefinition,
  sources: ParameterSources,
): Promise<{ params: ResolvedParameters; missing: readonly string[] }> {
  const withEnvironment = sourcesOf(flow, sources);
  try {
    return { params: await resolveParameters(flow.params ?? {}, withEnvironment), missing: [] };
  } catch (error) {
    if (!(error instanceof ParameterError) || error.issues.some(({ problem }) => problem !== 'missing')) throw error;
    const missing = error.issues.map(({ parameter }) => parameter);
    const given = Object.fromEntries(Object.entries(flow.params ?? {}).filter(([name]) => !missing.includes(name)));
    return { params: await resolveParameters(given, withEnvironment), missing };
  }
}

/** The content of a file as an earlier run was given it (S18): it lies under its digest. */
async function keptContent(
  flow: FlowDefinition,
  { path, digest }: { readonly path: string; readonly digest: string },
): Promise<Uint8Array | undefined> {
  await using project = await openProject({ look: true });
  const keeper = keeperFor(project, flow.store);
  const store = flow.store ?? project.store;
  const key = contentAddress(digest, mediaTypeOfPath(path).ext);
  const places = [
    { uri: recordUri(digest), key: digest },
    { uri: artifactUri(store, key), key },
  ];
  for (const place of places) {
    const ref: ArtifactRef = { ...place, contentDigest: digest, valueDigest: '', bytes: 0, format: BYTE_STREAM.name };
    try {
      const pieces: Uint8Array[] = [];
      for await (const piece of (await keeper.load([{ name: '', ref }], TASK_DEFAULTS)) as ResultStream) pieces.push(piece);
      return Buffer.concat(pieces);
    } catch (error) {
      // Not there, or damaged: perhaps elsewhere; else the parameter says what is wrong with the file.
      if (!(error instanceof MillraceError)) throw error;
    }
  }
  return undefined;
}
