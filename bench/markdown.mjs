import { amount, factor, limit, range, rounded, verdicts } from './amounts.mjs';

/** The table of docs/performance.md. */
export function markdownOf({ version, node, cores, memoryGb, figures }) {
  const lines = [
    `Version ${version}, Node ${node}, ${cores} cores, ${memoryGb} GB.`,
    '',
    '| goal | work | Millrace | beside | ratio | first | rounds | bar | stretch | verdict |',
    '|---|---|---|---|---|---|---|---|---|---|',
  ];
  for (const figure of figures) {
    const { goal, title, unit, ours, peer, ratio, bar, stretch } = figure;
    const beside = peer ? amount(peer, unit) : '';
    const cells = [goal, title, `${rounded(ours.median)} ${unit}`, beside, factor(ratio.median, peer), factor(ratio.first, peer), range(ratio)];
    lines.push(`| ${[...cells, limit(bar), limit(stretch), verdicts(figure)].join(' | ')} |`);
  }
  return lines.join('\n');
}
