import type { RunRow } from '../model/records.js';
import { gatherReport } from './gather.js';
import { renderPage } from './page.js';
import { pageAssets } from './page-assets.js';
import type { ReportSource } from './report-source.js';

/**
 * A run's report, as one page.
 * @param madeAt milliseconds since the epoch: what goes on is told until then
 * @param withSources with the texts of its source files
 */
export async function makeReport(source: ReportSource, run: RunRow, madeAt: number, withSources = true): Promise<string> {
  const [assets, gathered] = [await pageAssets(), await gatherReport(source, run, madeAt, withSources)];
  return renderPage(gathered, assets);
}
