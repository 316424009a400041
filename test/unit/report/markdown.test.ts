import { describe, expect, it } from 'vitest';
import { textOf } from '../../../src/report/html.js';
import { markdownMarkup } from '../../../src/report/markdown.js';

const markup = async (text: string): Promise<string> => textOf(await markdownMarkup(text));

describe('markdown in a report', () => {
  it('is rendered: headings, lists, code, tables without styles', async () => {
    expect(await markup('# A\n\n- *b*\n\n`c`')).toBe('<h1>A</h1>\n<ul>\n<li><em>b</em></li>\n</ul>\n<p><code>c</code></p>\n');
    const table = await markup('| a | b |\n|:--|--:|\n| 1 | 2 |');
    expect(table).toContain('<td align="right">2</td>');
    expect(table).not.toContain('style');
  });

  it('has no tag of its author’s', async () => {
    for (const text of [
      '<script>alert(1)</script>',
      '<img src=x onerror=alert(1)>',
      'a <b onclick="x">b</b>',
      '<svg/onload=alert(1)>',
      '```<x>\n<y>\n```',
    ])
      expect((await markup(text)).replace(/<\/?(?:p|pre|code)(?: class="language-&lt;x&gt;")?>/g, '')).not.toContain('<');
  });

  it('links to the web and to mail only, and tells nobody where the link was', async () => {
    expect(await markup('[a](https://example.org)')).toBe(
      '<p><a href="https://example.org" rel="noopener noreferrer nofollow" target="_blank">a</a></p>\n',
    );
    for (const address of [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      'file:///etc/passwd',
      'vbscript:x',
      'data:image/svg+xml;base64,AAAA',
    ])
      expect(await markup(`[a](${address})`)).not.toContain('<a');
  });

  it('shows images that are in the text, and leaves those from elsewhere as they are written', async () => {
    expect(await markup('![a](data:image/png;base64,AAAA)')).toContain('<img src="data:image/png;base64,AAAA" alt="a">');
    expect(await markup('![a"<b>](https://example.org/a.png)')).toBe('<p>![a&quot;&lt;b&gt;](https://example.org/a.png)</p>\n');
  });
});
