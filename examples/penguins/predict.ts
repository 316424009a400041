import { ctx, Fail, flow, param, task } from 'millrace';
import * as z from 'zod';
import { choose, penguins } from './flow.js';
import { classify, type Model } from './model.js';
import { Measurements } from './penguin.js';

/** The model is no file whose name one has to remember: it is what `choose` gave in the newest run that succeeded. Its type comes along. */
const keptModel = task(async (): Promise<Model> => {
  const run = await penguins.latest({ state: 'success' });
  // Fail says that trying again would not help.
  if (!run) throw new Fail('there is no model yet; `millrace run examples/penguins/flow.ts` makes one');
  const { model, accuracy } = await run.output(choose);
  ctx().log.info(`${model.kind}, ${(accuracy * 100).toFixed(1)} % right when tested, from run ${run.id}`);
  return model;
});

const predict = task((model: Model, rows: Measurements[]) => {
  const species = classify(model, rows);
  for (const [index, { beakLengthMm, beakDepthMm, flipperLengthMm, bodyMassG }] of rows.entries()) {
    ctx().log.info(`beak ${beakLengthMm} x ${beakDepthMm} mm, flipper ${flipperLengthMm} mm, ${bodyMassG} g: ${species[index]}`);
  }
  return species;
});

// No `cache` here: there may be a newer model by now, and to classify a few penguins takes no time.
export const classifyPenguins = flow(
  'classify-penguins',
  {
    description: 'Tells the species of new penguins with the model that the flow `penguins` has kept.',
    params: {
      rows: param(
        z.array(Measurements).default([
          { beakLengthMm: 38.9, beakDepthMm: 17.8, flipperLengthMm: 181, bodyMassG: 3_625 },
          { beakLengthMm: 49.6, beakDepthMm: 18.2, flipperLengthMm: 193, bodyMassG: 3_775 },
          { beakLengthMm: 46.1, beakDepthMm: 15.1, flipperLengthMm: 215, bodyMassG: 5_100 },
        ]),
        { help: 'the penguins to classify' },
      ),
    },
  },
  ({ rows }) => predict(keptModel(), rows),
);
