import type { z } from '@hono/zod-openapi';
import { Failure } from '../schemas.js';

/** Parts that the descriptions of routes share. */

export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

export function body<S extends z.ZodType>(schema: S) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** Whatever goes wrong has one shape. */
export const failures = {
  400: json(Failure, 'The request cannot be meant.'),
  401: json(Failure, 'Without the token.'),
  404: json(Failure, 'There is no such thing.'),
} as const;

export const refusals = {
  ...failures,
  409: json(Failure, 'Not in this state.'),
  422: json(Failure, 'Understood, and wrong; `issues` tells where.'),
} as const;
