import { secretTexts as declaredSecrets } from '../model/secret.js';
import type { ParameterIssue } from './parameter-error.js';

const MASKED = '***';
/** Shorter beginnings of a secret are everywhere. */
const SHORTEST_BEGINNING = 4;

/** A wrong parameter may quote a secret that another one holds: a path with a token in it (S18). */
export function maskedIssues(issues: readonly ParameterIssue[], secrets: readonly string[]): readonly ParameterIssue[] {
  const texts = [...secrets, ...declared()].sort((a, b) => b.length - a.length);
  const forms = [...new Set(texts.flatMap((text) => [text, JSON.stringify(text).slice(1, -1)]))];
  if (forms.length === 0) return issues;
  const mask = (text: string): string =>
    withoutBeginning(
      forms.reduce((shown, form) => shown.replaceAll(form, MASKED), text),
      forms,
    );
  return issues.map((issue) => ({
    ...issue,
    expected: mask(issue.expected),
    got: mask(issue.got),
    ...(issue.said === undefined ? {} : { said: mask(issue.said) }),
  }));
}

/** Long values are cut in messages, perhaps in the middle of a secret. */
function withoutBeginning(text: string, forms: readonly string[]): string {
  if (!text.endsWith('…')) return text;
  const shown = text.slice(0, -1);
  for (const form of forms) {
    for (let length = form.length - 1; length >= SHORTEST_BEGINNING; length -= 1) {
      if (shown.endsWith(form.slice(0, length))) return `${shown.slice(0, -length)}${MASKED}…`;
    }
  }
  return text;
}

/** What is wrong with the file of secrets is told when a secret of it is asked for. */
function declared(): readonly string[] {
  try {
    return declaredSecrets();
  } catch {
    return [];
  }
}
