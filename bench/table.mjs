import { amount, factor, limit, range, verdicts } from './amounts.mjs';

const COLUMNS = [
  ['goal', 5, (figure) => figure.goal],
  ['work', 58, (figure) => figure.title],
  ['ours', 24, ({ ours, unit }) => amount(ours, unit)],
  ['peer', 36, ({ peer, unit }) => (peer ? amount(peer, unit) : '')],
  ['median', 7, ({ ratio, peer }) => factor(ratio.median, peer)],
  ['first', 7, ({ ratio, peer }) => factor(ratio.first, peer)],
  ['rounds', 13, ({ ratio }) => range(ratio)],
  ['bar', 6, ({ bar }) => limit(bar)],
  ['stretch', 7, ({ stretch }) => limit(stretch)],
  ['verdict', 8, verdicts],
];

export function printHeader({ version, node, cores, memoryGb }) {
  console.log(`millrace ${version}, node ${node}, ${cores} cores, ${memoryGb} GB. Fresh processes in turns; medians of the rounds.`);
  console.log('ours and peer: the median of all repetitions; ratios: ours / peer, of all repetitions and of the first one in each process.\n');
  printCells(([title]) => title);
  printCells(([, width]) => '─'.repeat(width));
}

export function printRows(figures) {
  for (const figure of figures) printCells(([, , text]) => text(figure));
}

function printCells(textOf) {
  console.log(
    COLUMNS.map((column) => textOf(column).padEnd(column[1]))
      .join('  ')
      .trimEnd(),
  );
}
