import KNN from 'ml-knn';
import { RandomForestClassifier } from 'ml-random-forest';
import { type Measurements, type Penguin, SPECIES, type Species } from './penguin.js';

/** Mean and standard deviation of each feature. */
export type Scale = readonly { readonly mean: number; readonly deviation: number }[];

/**
 * A trained model as plain data, so that it can be kept, looked at, and used by another process. `saved` is the library's own JSON, as text:
 * loading changes the object that is loaded, and what a task is given is not to be changed.
 */
export type Model =
  | { readonly kind: 'random forest'; readonly saved: string }
  | { readonly kind: 'nearest neighbours'; readonly saved: string; readonly scale: Scale };

/** One row of numbers for each penguin, which is what the libraries take. */
export function features(penguins: readonly Measurements[]): number[][] {
  return penguins.map((penguin) => [penguin.beakLengthMm, penguin.beakDepthMm, penguin.flipperLengthMm, penguin.bodyMassG]);
}

export function labels(penguins: readonly Penguin[]): number[] {
  return penguins.map(({ species }) => SPECIES.indexOf(species));
}

export function scaleOf(rows: readonly (readonly number[])[]): Scale {
  return (rows[0] ?? []).map((_, column) => {
    const mean = rows.reduce((sum, row) => sum + row[column]!, 0) / rows.length;
    const variance = rows.reduce((sum, row) => sum + (row[column]! - mean) ** 2, 0) / rows.length;
    return { mean, deviation: Math.sqrt(variance) || 1 };
  });
}

/** Distances need it: otherwise a gram of body mass would count as much as a millimetre of beak. */
export function scaled(rows: readonly (readonly number[])[], scale: Scale): number[][] {
  return rows.map((row) => row.map((value, column) => (value - scale[column]!.mean) / scale[column]!.deviation));
}

/** Which species a model takes each penguin for. */
export function classify(model: Model, penguins: readonly Measurements[]): Species[] {
  const rows = features(penguins);
  const classes =
    model.kind === 'random forest'
      ? RandomForestClassifier.load(JSON.parse(model.saved)).predict(rows)
      : KNN.load(JSON.parse(model.saved)).predict(scaled(rows, model.scale));
  return classes.map((index) => SPECIES[index]!);
}
