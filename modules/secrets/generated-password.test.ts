import { TerraformOutput } from 'cdktf';
import { expectPassThrough, messageOf, synth } from '../testing';
import { GeneratedPassword, type GeneratedPasswordProps } from './generated-password';

const password = (props?: GeneratedPasswordProps) => synth((stack) => new GeneratedPassword(stack, 'admin', props));

describe('secrets.GeneratedPassword', () => {
  it('is an ephemeral resource and nothing that a state would hold', () => {
    const found = password();
    expect(found.json['ephemeral']).toEqual({
      aws_secretsmanager_random_password: {
        admin: { password_length: 40, exclude_punctuation: true, require_each_included_type: true },
      },
    });
    expect(found.json['resource']).toBeUndefined();
    expect(found.json['data']).toBeUndefined();
  });

  it('gives a reference to its value, and two do not meet', () => {
    const found = synth((stack) => {
      new GeneratedPassword(stack, 'one');
      new TerraformOutput(stack, 'it', { staticId: true, value: new GeneratedPassword(stack, 'two').value });
    });
    expect(found.json['output'].it.value).toBe('${ephemeral.aws_secretsmanager_random_password.two.random_password}');
    expect(Object.keys(found.json['ephemeral'].aws_secretsmanager_random_password)).toEqual(['one', 'two']);
  });

  it.each([15, 4097])('refuses %d characters', (length) => {
    expect(messageOf(() => password({ length }))).toBe(
      `secrets.GeneratedPassword at test/admin: 1 problem\n- length is ${length}; allowed: a whole number from 16 to 4096 characters`,
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<GeneratedPasswordProps>(
      {},
      { length: 16 },
      (stack, props) => new GeneratedPassword(stack, 'admin', props),
    );
    expect(() => password({ length: 4096 })).not.toThrow();
  });
});
