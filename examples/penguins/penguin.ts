import * as z from 'zod';

export const SPECIES = ['Adelie', 'Chinstrap', 'Gentoo'] as const;
export type Species = (typeof SPECIES)[number];

/** What is measured of a penguin. The bounds are generous: they refuse slips of the pen, not large penguins. */
export const Measurements = z.object({
  beakLengthMm: z.number().min(20).max(80),
  beakDepthMm: z.number().min(8).max(30),
  flipperLengthMm: z.number().min(120).max(280),
  bodyMassG: z.number().min(1_000).max(10_000),
});
export type Measurements = z.infer<typeof Measurements>;

export const Penguin = Measurements.extend({ species: z.enum(SPECIES) });
export type Penguin = z.infer<typeof Penguin>;

/** A row of the file, in our words. Some penguins got away before they were measured. */
export const Row = z
  .object({
    Species: z.enum(SPECIES),
    'Beak Length (mm)': z.number().nullable(),
    'Beak Depth (mm)': z.number().nullable(),
    'Flipper Length (mm)': z.number().nullable(),
    'Body Mass (g)': z.number().nullable(),
  })
  .transform((row) => ({
    species: row.Species,
    beakLengthMm: row['Beak Length (mm)'],
    beakDepthMm: row['Beak Depth (mm)'],
    flipperLengthMm: row['Flipper Length (mm)'],
    bodyMassG: row['Body Mass (g)'],
  }));
export type Row = z.infer<typeof Row>;
