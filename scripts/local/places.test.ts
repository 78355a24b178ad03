import { ports, sluicePort } from './places';

test('ports are counted from the base and never overlap', () => {
  const used = [
    4500,
    ...(['dev', 'staging', 'prod'] as const).flatMap((name) => [ports.gateway(4500, name), ports.emulator(4500, name)]),
    ports.moto(4500),
    ports.postgres(4500),
    ports.firstEndpoint(4500),
  ];
  expect(ports.gateway(4500, 'dev')).toBe(4501);
  expect(new Set(used).size).toBe(used.length);
});

test('a bad SLUICE_PORT is refused with what is allowed', () => {
  expect(sluicePort({})).toBe(4500);
  expect(sluicePort({ SLUICE_PORT: '4700' })).toBe(4700);
  for (const bad of ['80', 'x', '70000', '45.5'])
    expect(() => sluicePort({ SLUICE_PORT: bad })).toThrow(/SLUICE_PORT is/);
});
