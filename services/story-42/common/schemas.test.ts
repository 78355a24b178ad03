import * as z from 'zod/mini';
import { storyRoutes } from './routes';
import { segmentEditSchema } from './fields';
import { actionShapes, routes, segmentSchema, storyRequest } from './schemas';

test('every route has its shapes, and every shape can be written as JSON Schema', () => {
  expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual(
    storyRoutes.map(({ method, path }) => `${method} ${path}`),
  );
  for (const { params, query, request, response } of routes) {
    for (const schema of [params, query, request, response]) {
      if (schema) expect(z.toJSONSchema(schema, { io: 'input' })).toMatchObject({ type: 'object' });
    }
  }
  expect(Object.keys(actionShapes).sort()).toEqual(storyRoutes.map(({ action }) => action).sort());
});

test('lengths count characters as JSON Schema does', () => {
  const fits = (topic: string) => storyRequest.safeParse({ topic }).success;
  expect([
    fits('😀'.repeat(500)),
    fits('😀'.repeat(501)),
    fits('x'.repeat(500)),
    fits('x'.repeat(501)),
    fits(' '),
  ]).toEqual([true, false, true, false, false]);
});

test('a segment can be sent back as it was read', () => {
  const known = new Set(Object.keys(segmentEditSchema.shape));
  expect(Object.keys(segmentSchema.shape).filter((name) => !known.has(name))).toEqual([]);
});
