import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { drawMermaid } from './in-page.mjs';
import type { PageOpener } from './opened-page.js';

/** What Mermaid drew, as a reader sees it. */
export interface RenderedDrawing {
  readonly title: string | undefined;
  /** Of boxes, joints and the note. */
  readonly nodes: readonly string[];
  readonly clusters: readonly string[];
  readonly edges: number;
  readonly edgeLabels: readonly string[];
  readonly size: { readonly width: number; readonly height: number };
  /** Elements that no drawing of ours has, or has had put into it: scripts, images, links, handlers. */
  readonly strangers: readonly string[];
}

/** How trusting a page is that shows drawings: GitHub and most others say `strict`; `loose` lets HTML in labels through. */
export type Trust = 'strict' | 'loose';

/** A page with the real Mermaid in it, which draws one text after another. */
export class MermaidPage {
  readonly page: Page;
  readonly complaints: readonly string[];

  private constructor(page: Page, complaints: readonly string[]) {
    this.page = page;
    this.complaints = complaints;
  }

  static async open(opener: PageOpener): Promise<MermaidPage> {
    const bundle = createRequire(import.meta.url).resolve('mermaid/dist/mermaid.min.js');
    const script = readFileSync(bundle, 'utf8').replaceAll('</script', '<\\/script');
    const ready = 'document.documentElement.dataset.ready = performance.now()';
    const { page, complaints } = await opener.open(`<!doctype html><meta charset="utf-8"><body><script>${script}</script><script>${ready}</script>`);
    return new MermaidPage(page, complaints);
  }

  /** @throws Error with Mermaid's words when it cannot draw the text */
  async draw(text: string, trust: Trust = 'strict'): Promise<RenderedDrawing> {
    return (await this.page.evaluate(drawMermaid, { text, trust })) as RenderedDrawing;
  }
}
