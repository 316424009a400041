import { taskVersion } from '../cache/key.js';
import { type CodePart, codePartText } from '../code/code-part.js';
import { functionTextDigest } from '../code/function-text.js';
import type { TaskCode } from '../code/task-code.js';
import type { CachePolicy } from '../model/cache-policy.js';
import type { Reason } from '../model/reason.js';
import type { CacheEntryRow } from '../model/records.js';
import type { TaskDefinition } from '../model/task-definition.js';

/** A definition, its code, and where its entries are found. */
export interface Version {
  readonly digest: string;
  readonly code: string;
  /** Undefined: nobody asked for it. */
  readonly part: CodePart | undefined;
  /** Why it cannot be told whether an earlier result would be right. */
  readonly doubt: Reason | undefined;
}

/** The code of each definition, looked up once. */
export class TaskVersions {
  readonly #code: TaskCode;
  readonly #known = new WeakMap<TaskDefinition, Version>();
  readonly #texts = new WeakMap<CodePart, string>();

  constructor(code: TaskCode) {
    this.#code = code;
  }

  /** Undefined: it was not looked up. */
  known(definition: TaskDefinition): Version | undefined {
    return this.#known.get(definition);
  }

  of(definition: TaskDefinition, policy: CachePolicy): Version | Promise<Version> {
    return this.#known.get(definition) ?? this.#find(definition, policy);
  }

  /** What an entry says of the code it was made by. */
  codeOf(definition: TaskDefinition): Pick<CacheEntryRow, 'taskVersion' | 'code' | 'codeParts'> {
    const version = this.#known.get(definition) ?? withoutCode(definition, definition.version);
    return { taskVersion: version.digest, code: version.code, codeParts: version.part && this.text(version.part) };
  }

  text(part: CodePart): string {
    let text = this.#texts.get(part);
    if (text === undefined) {
      text = codePartText(part);
      this.#texts.set(part, text);
    }
    return text;
  }

  #find(definition: TaskDefinition, policy: CachePolicy): Version | Promise<Version> {
    const keep = (version: Version): Version => {
      this.#known.set(definition, version);
      return version;
    };
    if (!policy.asksForCode) return keep(withoutCode(definition, undefined));
    const part = this.#code.codeOf(definition);
    const finish = (found: CodePart): Version => keep(withCode(definition, policy, found));
    return part instanceof Promise ? part.then(finish) : finish(part);
  }
}

function withCode({ name, version }: TaskDefinition, { covers }: CachePolicy, part: CodePart): Version {
  const digest = taskVersion(name, covers.code ? part.digest : undefined, covers.code ? version : undefined);
  return { digest, code: part.digest, part, doubt: version === undefined && covers.code ? doubtOf(part) : undefined };
}

function withoutCode({ name, fn }: TaskDefinition, version: string | undefined): Version {
  return { digest: taskVersion(name, undefined, version), code: functionTextDigest(fn), part: undefined, doubt: undefined };
}

/** A variable that only the call knows, or a file that was changed under a running program: the code does not say what runs. */
function doubtOf({ captured, outdated }: CodePart): Reason | undefined {
  if (captured.length > 0) return { kind: 'captured-variable', detail: captured.join(', ') };
  return outdated === undefined ? undefined : { kind: 'not-cached', detail: `${outdated} was changed after it was loaded` };
}
