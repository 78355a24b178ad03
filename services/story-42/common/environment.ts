/** Environment variables that several functions read. Their stack imports this: nothing but zod in here. */
import * as z from 'zod/mini';

export const required = (what: string) => z.string(`${what} is required`).check(z.minLength(1, `${what} is empty`));

export const optionalText = z.pipe(
  z.optional(z.string()),
  z.transform((value) => (value === undefined || value === '' ? undefined : value)),
);

export const httpUrl = (what: string) =>
  z
    .string(`${what} is required`)
    .check(z.regex(/^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/, `${what} must be an address such as "https://example.com"`));

export const sessionsTable = required('the name of the sessions table');
export const imagesBucket = required('the name of the images bucket');

export const logLevel = z._default(z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']), 'info');

/** The stack may leave these out. */
export const optionalVariables = {
  /** Where callers reach S3. @default - where the function itself does */
  S3_PUBLIC_ENDPOINT: optionalText,
  /** Set by the image: a label of its build. */
  RELEASE: optionalText,
};
