import { expect, it } from 'vitest';
import { z } from 'zod';
import { param } from '../../../src/flow/parameters.js';
import { schemaOfParameters } from '../../../src/flow/parameters-schema.js';

it('S17: parameters by name become one JSON Schema; defaults and help are in it, secrets’ defaults are not', () => {
  const schema = schemaOfParameters({
    ratio: param({ default: 0.2, help: 'of the test set' }),
    model: param(z.enum(['rf', 'gb'])),
    token: param(z.string().default('hush'), { secret: true }),
  });
  expect(schema).toMatchObject({
    type: 'object',
    properties: { ratio: { type: 'number', default: 0.2, description: 'of the test set' }, model: { enum: ['rf', 'gb'] }, token: { type: 'string' } },
    required: ['model'],
    additionalProperties: false,
  });
  expect(JSON.stringify(schema)).not.toContain('hush');
});

it('one schema for all parameters is given as it is', () => {
  expect(schemaOfParameters(z.object({ n: z.number() }))).toMatchObject({ type: 'object', properties: { n: { type: 'number' } } });
});
