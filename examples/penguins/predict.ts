import { cache, ctx, Fail, flow, param, task } from 'millrace';
import * as z from 'zod';
import { choose, penguins } from './flow.js';
import { classify, Measurements, type Model } from './model.js';

// The model is not a file with a name to be remembered: it is what `choose` gave in the newest run that succeeded. The type comes along.
const keptModel = task(
  async (): Promise<Model> => {
    const run = await penguins.latest({ state: 'success' });
    if (!run) throw new Fail('there is no model yet: run examples/penguins/flow.ts first');
    const { model, accuracy } = await run.output(choose);
    ctx().log.info(`${model.kind} of run ${run.id}, ${(accuracy * 100).toFixed(1)} % right on penguins it had not seen`);
    return model;
  },
  // There may be a newer run by now, so this is asked anew each time; what depends on it is reused while the answer stays the same.
  { cache: false },
);

const predict = task((model: Model, rows: Measurements[]) => {
  const species = classify(model, rows);
  for (const [index, row] of rows.entries()) {
    const { beakLengthMm, beakDepthMm, flipperLengthMm, bodyMassG } = row;
    ctx().log.info(`beak ${beakLengthMm} x ${beakDepthMm} mm, flipper ${flipperLengthMm} mm, ${bodyMassG} g: ${species[index]}`);
  }
  return species;
});

export const classifyPenguins = flow(
  'classify-penguins',
  {
    description: 'Tells the species of new penguins with the model that the flow `penguins` has kept.',
    cache: cache.default,
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
