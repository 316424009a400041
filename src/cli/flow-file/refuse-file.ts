import { readdirSync, type Stats } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { nearest } from '../../base/nearest.js';
import { FlowFileError } from './flow-file-error.js';
import type { FoundFlow } from './flows-of.js';

/**
 * Why a path is no flow file, with the file that may have been meant.
 * @param shown the path as it was typed
 * @param isFlowFile tells by its name whether a file can hold flows
 */
export function refusedPath(path: string, shown: string, stats: Stats | undefined, isFlowFile: (name: string) => boolean): FlowFileError {
  const isFolder = stats?.isDirectory() === true;
  const hint = suggestion(isFolder ? path : dirname(path), isFolder ? 'flow' : basename(path), isFolder ? shown : dirname(shown), isFlowFile);
  if (!stats) return new FlowFileError('FLOW_FILE_NOT_FOUND', `there is no file ${shown}`, hint);
  const kind = isFolder ? 'a folder' : `a file of another kind (${extname(path) || 'no extension'})`;
  return new FlowFileError('FLOW_FILE_UNSUPPORTED', `expected a TypeScript or JavaScript file with a flow; ${shown} is ${kind}`, hint);
}

function suggestion(folder: string, wanted: string, shownFolder: string, isFlowFile: (name: string) => boolean): { hint?: string } {
  let names: readonly string[];
  try {
    names = readdirSync(folder).filter((name) => isFlowFile(name) && !name.endsWith('.d.ts'));
  } catch {
    return { hint: `there is no folder ${resolve(folder)} either` };
  }
  const guess = names.find((name) => basename(name, extname(name)) === wanted) ?? nearest(wanted, names);
  return guess === undefined ? {} : { hint: `did you mean ${join(shownFolder, guess)}?` };
}

/** Where a command takes the name of the flow: as the argument after the file, or as `--flow`. */
export type HowToName = 'after' | 'option';

/** Why none of a file's flows is the one that was meant. */
export function refusedChoice(flows: readonly FoundFlow[], file: string, name: string | undefined, howToName: HowToName = 'after'): FlowFileError {
  const names = [...new Set(flows.map((flow) => flow.flowName))];
  const listed = names.map((one) => `'${one}'`).join(', ');
  if (flows.length === 0) {
    return new FlowFileError('NO_FLOW', `${file} has no flow`, { hint: "export one: export const main = flow('main', () => { … })" });
  }
  if (name === undefined) {
    return new FlowFileError('FLOW_AMBIGUOUS', `${file} has several flows: ${listed}`, {
      hint: howToName === 'after' ? `name the one you mean after the file, such as: ${names[0]}` : `name the one you mean: --flow ${names[0]}`,
    });
  }
  if (names.includes(name)) {
    return new FlowFileError('FLOW_AMBIGUOUS', `${file} has more than one flow named '${name}'`, { hint: 'give each flow a name of its own' });
  }
  const guess = nearest(name, names);
  const hint = guess === undefined ? {} : { hint: `did you mean '${guess}'?` };
  return new FlowFileError('FLOW_UNKNOWN', `${file} has no flow named '${name}'; it has ${listed}`, hint);
}
