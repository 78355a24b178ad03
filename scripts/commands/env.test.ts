import { execFileSync } from 'node:child_process';
import { quote } from './env';

test.each(['plain', 'with space', `it's`, '$HOME `x` "y"', '', 'a\nb'])('a shell reads %j back as it was', (value) => {
  expect(execFileSync('sh', ['-c', `printf %s ${quote(value)}`], { encoding: 'utf8' })).toBe(value);
});
