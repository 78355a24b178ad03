import { z } from 'zod';
import { EnvironmentError, parseEnvironment } from './environment';

const schema = z.object({
  TABLE: z.string('the table is required').min(1),
  PORT: z.coerce.number().int().default(8080),
});

test('gives typed values with defaults', () => {
  expect(parseEnvironment('svc', schema, { TABLE: 't', OTHER: 'x' })).toEqual({ TABLE: 't', PORT: 8080 });
});

test('tells every problem at once, by name and without values', () => {
  const parse = () => parseEnvironment('svc', schema, { PORT: 'hunter2' });
  expect(parse).toThrow(EnvironmentError);
  expect(parse).toThrow(/^svc environment: 2 problems\n- TABLE: the table is required\n- PORT: /);
  expect(parse).not.toThrow(/hunter2/);
});
