/** Checks input against a schema and tells every problem at once, by field. */
import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { validationError, type FieldProblem } from './errors';

z.config(en());

/** @throws StoryError `validation_error` */
export function validated<Schema extends z.core.$ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = z.safeParse(schema, input);
  if (result.success) return result.data;
  throw validationError(result.error.issues.flatMap(toProblems));
}

function toProblems(issue: z.core.$ZodIssue): FieldProblem[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), message: 'is not known here' }));
  }
  return [{ field: path.join('.') || 'body', message: lower(issue.message) }];
}

const lower = (message: string) => message.charAt(0).toLowerCase() + message.slice(1);
