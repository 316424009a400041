import { MillraceError } from '../base/error.js';
import { knowError } from '../base/error-class.js';

/** Where a parameter's value comes from, as it is recorded and shown. */
export type ParameterOrigin = 'argument' | 'command line' | `file ${string}` | `environment ${string}` | 'secrets file' | 'earlier run' | 'default';

export interface ParameterIssue {
  /** The parameter's name; empty when a schema for all parameters together refused them as a whole. */
  readonly parameter: string;
  readonly problem: 'missing' | 'unknown' | 'invalid';
  /** A type such as `number` or `'rf' | 'gb'`, with what the schema says of the value. Of an unknown one: the names that exist. */
  readonly expected: string;
  /** The schema's own words, where they are all there is to say: a rule about several parameters, or a schema that does not tell its type. */
  readonly said?: string;
  /** The value as text, `***` for a secret. Of an unknown one its name only: what is mistyped may be a secret. */
  readonly got: string;
  /** `none` when it is missing. */
  readonly source: ParameterOrigin | 'none';
  /** Of an unknown one: the nearest name that exists. */
  readonly suggestion?: string;
  /** Of a missing one: the variable of its own that was declared for it. */
  readonly env?: string;
  /** Of a missing one: it is a secret. */
  readonly secret?: true;
}

/**
 * All that is wrong with the parameters of a run, found before anything runs (S17). Code `PARAMETER_INVALID`.
 * Its message names each parameter, what was expected, what came, and where from; secrets are masked.
 */
export class ParameterError extends MillraceError {
  readonly issues: readonly ParameterIssue[];

  constructor(issues: readonly ParameterIssue[]) {
    const sentences = issues.map(sentence);
    const message =
      sentences.length === 1
        ? (sentences[0] as string)
        : `${sentences.length} parameters are wrong:\n${sentences.map((line) => `  ${line}`).join('\n')}`;
    const missing = issues.find((issue) => issue.problem === 'missing');
    super('PARAMETER_INVALID', message, missing === undefined || missing.parameter === '' ? {} : { hint: howToGive(missing) });
    this.issues = Object.freeze(issues.map((issue) => Object.freeze(issue)));
  }
}

knowError('ParameterError', ParameterError);

function sentence(issue: ParameterIssue): string {
  if (issue.problem === 'missing') return `parameter '${issue.parameter}' is missing: expected ${issue.expected}`;
  if (issue.problem === 'unknown') {
    const nearest = issue.suggestion === undefined ? `expected ${issue.expected}` : `did you mean '${issue.suggestion}'?`;
    return `unknown parameter ${issue.got} (from ${issue.source}): ${nearest}`;
  }
  const subject = issue.parameter === '' ? 'the parameters' : `parameter '${issue.parameter}' (from ${issue.source})`;
  if (issue.said !== undefined) return `${subject} ${issue.parameter === '' ? 'were' : 'was'} refused: ${issue.said}; got ${issue.got}`;
  return `${subject}: expected ${issue.expected}, got ${issue.got}`;
}

function howToGive({ parameter, env, secret }: ParameterIssue): string {
  const variable = env ?? environmentNames(parameter)[0];
  // A command line is seen by others, and kept by the shell.
  if (secret) return `Give it as ${variable}, in the environment or as a line ${variable}=… of the file of secrets, .millrace/secrets (mode 0600).`;
  return `Give it as an argument, with --param ${parameter}=…, in a --param-file, or as ${variable}.`;
}

/** The environment variables that give a parameter, by precedence: `testRatio` is `MILLRACE_PARAM_TEST_RATIO`, or `MILLRACE_PARAM_TESTRATIO`. */
export function environmentNames(parameter: string): readonly string[] {
  const words = parameter.replace(/([a-z\d])([A-Z])/g, '$1_$2').replace(/([A-Z])([A-Z][a-z])/g, '$1_$2');
  const names = [words, parameter].map((name) => `MILLRACE_PARAM_${name.toUpperCase().replace(/[^A-Z\d]/g, '_')}`);
  return [...new Set(names)];
}
