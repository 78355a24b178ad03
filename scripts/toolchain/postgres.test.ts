import { postgresProblem } from './postgres';

test('a machine without binaries is told so before anything is downloaded', () => {
  expect(postgresProblem('linux_amd64')).toBeUndefined();
  expect(postgresProblem('darwin_arm64')).toBeUndefined();
  expect(postgresProblem('linux_arm64')).toBe(
    'pgserver 0.1.4 has no binaries for linux_arm64; there are: linux_amd64, darwin_amd64, darwin_arm64.',
  );
});
