import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { installedChromium } from '../../scripts/test-chromium.mjs';

/** Undefined: there is none, and `npm test` says so. */
export const CHROMIUM: string | undefined = process.env.MILLRACE_TEST_CHROMIUM ?? installedChromium();

export interface OpenedPage {
  readonly page: Page;
  /** What no page of ours may do: requests that leave it, errors and warnings of its console, dialogs, exceptions. */
  readonly complaints: readonly string[];
}

/** A browser for one test file, which opens pages from files, as their readers do. */
export class PageOpener implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'millrace-pages-'));
  #browser: Promise<Browser> | undefined;
  #pages = 0;

  async open(html: string, options: { readonly dark?: boolean; readonly width?: number; readonly hash?: string } = {}): Promise<OpenedPage> {
    this.#browser ??= chromium.launch({ ...(CHROMIUM === undefined ? {} : { executablePath: CHROMIUM }), args: ['--no-sandbox'] });
    const browser = await this.#browser;
    const page = await browser.newPage({ viewport: { width: options.width ?? 1_280, height: 900 }, colorScheme: options.dark ? 'dark' : 'light' });
    const complaints: string[] = [];
    const file = join(this.#folder, `page ${++this.#pages}.html`);
    writeFileSync(file, html);
    const own = pathToFileURL(file).href;
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith('data:') && url.replace(/#.*/, '') !== own) complaints.push(`request: ${url.slice(0, 200)}`);
    });
    page.on('console', (message) => {
      complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => {
      complaints.push(`error: ${error.message}`);
    });
    page.on('dialog', (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(own + (options.hash === undefined ? '' : `#${options.hash}`));
    await page.waitForSelector('html[data-ready]');
    return { page, complaints };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#browser)?.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function textsOf(page: Page, selector: string): Promise<readonly string[]> {
  return await page.locator(selector).evaluateAll((elements) => elements.map((element) => element.textContent ?? ''));
}
