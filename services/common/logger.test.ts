import { createLogger, errorFields } from './logger';

test('writes one JSON line an event, with service, version, level by name and an ISO time', () => {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'svc', version: '1', level: 'info', destination });
  logger.debug('not this');
  logger.info({ request_id: 'r' }, 'request');
  expect(lines).toHaveLength(1);
  const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>;
  expect(line).toEqual({ level: 'info', service: 'svc', version: '1', request_id: 'r', msg: 'request' });
  expect(new Date(String(time)).toISOString()).toBe(time);
});

test('an error becomes its message and those of its causes; the stack only when asked for', () => {
  const error = new TypeError('outer', { cause: new RangeError('inner', { cause: 'text' }) });
  expect(errorFields(error)).toEqual({ error: 'TypeError: outer', causes: ['RangeError: inner', 'text'] });
  expect(errorFields(error, { stack: true })).toHaveProperty('stack', error.stack);
  expect(errorFields('plain')).toEqual({ error: 'plain' });
});
