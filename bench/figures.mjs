/**
 * What a workload is:
 * - `goal`, `title`
 * - `repetitions`: how often a process repeats the work; 1 where the first time is all there is
 * - `variants`: by name, `(context) => run`. Importing and building is done before `run` is given back; `run` is what is measured: the
 *   milliseconds it takes, or the number it returns. `context.folder` is a temporary folder that the variants of one round share
 * - `missing`: why it cannot be measured on this machine, and what to install; it is left out then
 * - `start`: starts servers that the variants need: `{ env, stop }`, of which `env` reaches their processes
 * - `prepare`: what must lie in that folder, made in a process of its own
 * - `flags`: for node
 * - `rows`: what is compared. `ours` and `peer` name variants; `peer` may be left out (then `unit` says what the figure itself is), or
 *   be a number. `bar` and `stretch` are upper limits of the ratio, or of the figure; a row without them is there to be looked at.
 *
 * What a figure is: `first` is the first repetition in a fresh process, what somebody at a command line feels; `median` is over all
 * repetitions. Each is worked out within a round, whose processes ran one after the other, and then the median of the rounds is taken.
 * Each has its verdict. `least` and `most` are of the rounds: where they lie far apart, the verdicts are worth little.
 */
export function figuresOf(workload, samples) {
  return workload.rows.map((row) => {
    const first = (name) => samples[name].map((repetitions) => repetitions[0]);
    const middle = (name) => samples[name].map(median);
    const ratios = (of) => of(row.ours).map((ours, round) => (row.peer === undefined ? ours : ours / peerIn(row, of, round)));
    const byRound = ratios(middle);
    const ratio = { median: median(byRound), first: median(ratios(first)), least: Math.min(...byRound), most: Math.max(...byRound) };
    return {
      goal: workload.goal,
      title: row.title ?? workload.title,
      unit: row.unit ?? 'ms',
      ours: { name: row.ours, median: median(middle(row.ours)), first: median(first(row.ours)) },
      peer: describePeer(row, middle, first),
      ratio,
      bar: row.bar,
      stretch: row.stretch,
      verdict: verdictOf(row, ratio.median),
      firstVerdict: verdictOf(row, ratio.first),
    };
  });
}

function peerIn({ peer }, of, round) {
  return typeof peer === 'number' ? peer : of(peer)[round];
}

function describePeer({ peer, peerName }, middle, first) {
  if (peer === undefined) return undefined;
  if (typeof peer === 'number') return { name: peerName, median: peer, first: peer };
  return { name: peer, median: median(middle(peer)), first: median(first(peer)) };
}

function verdictOf({ bar, stretch }, ratio) {
  if (bar === undefined) return 'no goal';
  if (stretch !== undefined && ratio <= stretch) return 'stretch';
  return ratio <= bar ? 'met' : 'missed';
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
