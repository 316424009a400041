import { readFile } from 'node:fs/promises';
import { MillraceError } from '../base/error.js';
import { PACKAGE_ROOT } from '../base/own-files.js';

/** What makes a page of a report's data: texts that the build has made of `report/page/`. */
export interface PageAssets {
  readonly script: string;
  readonly style: string;
}

let loaded: Promise<PageAssets> | undefined;

/** @throws MillraceError `REPORT_ASSETS_MISSING` where the package has been bundled without them, or its sources run before any build */
export async function pageAssets(): Promise<PageAssets> {
  loaded ??= load();
  return await loaded.catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
}

async function load(): Promise<PageAssets> {
  const folder = `${PACKAGE_ROOT ?? ''}dist/report/`;
  try {
    const [script, style] = await Promise.all([readFile(`${folder}page.js`, 'utf8'), readFile(`${folder}page.css`, 'utf8')]);
    return { script, style };
  } catch (error) {
    throw new MillraceError('REPORT_ASSETS_MISSING', `expected the files page.js and page.css of reports in ${folder}`, {
      cause: error,
      hint: 'Make reports with the installed package: `npx millrace report`. It cannot be bundled into another program.',
    });
  }
}
