import type { TaskState } from '../../model/states.js';
import type { ReportData } from '../report-data.js';
import { artifacts } from './artifacts.js';
import { Choice } from './choice.js';
import { code } from './code.js';
import { detail } from './detail.js';
import { graph } from './graph.js';
import { log } from './log.js';
import { metrics } from './metrics.js';
import { RunModel } from './run-model.js';
import { taskTable } from './table.js';
import { timeline } from './timeline.js';

const model = new RunModel(JSON.parse(document.getElementById('data')?.textContent ?? '{}') as ReportData);
const choice = new Choice(model);
const table = taskTable(model, choice);
timeline(model, choice);
graph(model, choice, table.filterText);
metrics(model);
artifacts(model);
log(model);
code(model);
detail(model, choice, table.filterText);

// Buttons anywhere in the page that stand for a task run, or for a state.
document.addEventListener('click', (event) => {
  const button = (event.target as Element).closest('[data-task], [data-filter-state]');
  if (button === null) return;
  const [place, state] = [button.getAttribute('data-task'), button.getAttribute('data-filter-state')];
  if (place !== null) choice.choose(Number(place));
  else if (state !== null) table.filterState(state as TaskState);
});
choice.begin();
document.documentElement.setAttribute('data-ready', String(Math.round(performance.now())));
