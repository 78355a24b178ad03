import { toUuid, uuidV5 } from './uuid-v5';

test('is a UUIDv5 as RFC 9562 has it', () => {
  const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
  expect(uuidV5('www.example.com', dns)).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('a text has one UUID, and a UUID is its own', () => {
  expect(toUuid('test')).toBe(toUuid('test'));
  expect(toUuid('test')).not.toBe(toUuid('Test'));
  expect(toUuid('2ED6657D-E927-568B-95E1-2665A8AEA6A2')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});
