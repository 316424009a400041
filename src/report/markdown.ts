import type MarkdownIt from 'markdown-it';
import { type Markup, trusted } from './html.js';

let made: Promise<MarkdownIt> | undefined;

/**
 * Markdown as HTML, which may come from anywhere: tags in it are text, links go to the web and to mail only and tell nobody where they come from, and
 * images are shown only where they are in the text itself. Styles that tables would have become attributes, since the page allows none.
 */
export async function markdownMarkup(text: string): Promise<Markup> {
  made ??= load();
  return trusted((await made).render(text));
}

async function load(): Promise<MarkdownIt> {
  const { default: create } = await import('markdown-it');
  const markdown = create({ html: false, linkify: false, typographer: false });
  markdown.validateLink = isHarmless;
  markdown.core.ruler.push('report', ({ tokens }) => {
    for (const token of tokens) {
      const style = token.attrGet('style');
      if (style === null) continue;
      token.attrs = (token.attrs ?? []).filter(([name]) => name !== 'style');
      token.attrSet('align', style.replace('text-align:', ''));
    }
  });
  markdown.renderer.rules.link_open = (tokens, at, options, _environment, self) => {
    tokens[at]?.attrSet('rel', 'noopener noreferrer nofollow');
    tokens[at]?.attrSet('target', '_blank');
    return self.renderToken(tokens, at, options);
  };
  const image = markdown.renderer.rules.image as NonNullable<typeof markdown.renderer.rules.image>;
  markdown.renderer.rules.image = (tokens, at, options, environment, self) => {
    const token = tokens[at];
    const source = token?.attrGet('src') ?? '';
    if (IMAGE.test(source)) return image(tokens, at, options, environment, self);
    return markdown.utils.escapeHtml(`![${token?.content}](${source})`);
  };
  return markdown;
}

const LINK = /^(?:https?:|mailto:|#)/i;
const IMAGE = /^data:image\/(?:png|jpeg|gif|webp);/i;

function isHarmless(address: string): boolean {
  return LINK.test(address) || IMAGE.test(address);
}
