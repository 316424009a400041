import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeHtml, html, jsonForScript, textOf, trusted } from '../../../src/report/html.js';

const HOSTILE = `</script><img src=x onerror="alert('1')">&amp; 'x'`;

describe('html', () => {
  it('escapes what is put in, for text and for attributes', () => {
    expect(textOf(html`<p title="${HOSTILE}">${HOSTILE}</p>`)).toBe(
      `<p title="&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp; &#39;x&#39;">` +
        `&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp; &#39;x&#39;</p>`,
    );
  });

  it('joins lists, takes its own markup as it is, and leaves nothing of undefined and false', () => {
    const items = ['<a>', 'b'].map((text) => html`<li>${text}</li>`);
    expect(textOf(html`<ul>${items}${undefined}${false}${0}${trusted('<hr>')}</ul>`)).toBe('<ul><li>&lt;a&gt;</li><li>b</li>0<hr></ul>');
  });

  it('shows what HTML cannot hold as the replacement character, and keeps emoji and every script', () => {
    expect(escapeHtml('a\u0000b\u001bc\ud800d\ntab\t 🐧 שלום ﷺ')).toBe('a\ufffdb\ufffdc\ufffdd\ntab\t 🐧 שלום ﷺ');
  });

  it('never lets data end its script element, whatever the text, and gives it back', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('</script><!--'), fc.constant('<!--<script>')), (text) => {
        const written = textOf(jsonForScript({ [text]: [text] }));
        expect(written).not.toContain('<');
        expect(JSON.parse(written)).toEqual({ [text]: [text] });
      }),
    );
  });
});
