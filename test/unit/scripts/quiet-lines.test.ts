import { describe, expect, it } from 'vitest';
import { withQuietLines } from '../../../scripts/quiet-lines.mjs';

const MARK = '/*node-do-not-add-exception-line*/';
const long = `var a = "${'x'.repeat(300)}";`;

describe('long lines of dist/ are marked, so that Node does not print them above an uncaught error', () => {
  it('at their end; short ones and comments of source maps are left alone', () => {
    expect(withQuietLines(`${long}\nvar b;\n//# sourceMappingURL=a.js.map`)).toBe(`${long}${MARK}\nvar b;\n//# sourceMappingURL=a.js.map`);
  });

  it('before a template that goes on in the next line, whose text stays what it is', () => {
    const code = `${long} var t = f(\`first\n\${g(\`in\nner\`)} last\`);`;
    const marked = withQuietLines(code);
    expect(marked).toBe(code.replace('f(`', `f(${MARK}\``));
    const value = (text: string): unknown => new Function('f', 'g', `${text}; return t`)(String, String);
    expect(value(marked)).toBe(value(code));
  });

  it('a line that is inside one from its beginning has no place for it', () => {
    const code = `var t = \`\n${'x'.repeat(300)}\n\`;`;
    expect(withQuietLines(code)).toBe(code);
  });
});
