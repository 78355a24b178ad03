import { Repository } from '../ecr/repository';
import { Naming } from '../naming/naming';
import { expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { ImageFunction, type ImageFunctionProps } from './image-function';
import { digest, functionProps, imageFunction } from './testing';

const made = (props: Partial<ImageFunctionProps> = {}) => synth((stack) => imageFunction(stack, 'writer', props));

describe('functions.ImageFunction', () => {
  it('runs an image by its digest, with the memory and time of a long job', () => {
    expect(made().only('aws_lambda_function')).toMatchObject({
      function_name: 'shop-test-writer',
      package_type: 'Image',
      image_uri: expect.stringMatching(/^\$\{aws_ecr_repository\.[\w-]+\.repository_url\}@sha256:a{64}$/),
      architectures: ['x86_64'],
      memory_size: 2048,
      timeout: 900,
    });
    expect(made().only('aws_lambda_function')['environment']).toBeUndefined();
    expect(made().only('aws_lambda_function')['reserved_concurrent_executions']).toBeUndefined();
  });

  it('passes sizes, variables and a reservation', () => {
    expect(
      made({ memoryMiB: 512, timeoutSeconds: 30, environment: { B: '2', A: '1' }, reservedConcurrency: 0 }).only(
        'aws_lambda_function',
      ),
    ).toMatchObject({
      memory_size: 512,
      timeout: 30,
      environment: { variables: { A: '1', B: '2' } },
      reserved_concurrent_executions: 0,
    });
  });

  it('writes to the group of its name, which is there first', () => {
    const found = made();
    expect(found.only('aws_cloudwatch_log_group')).toMatchObject({
      name: '/aws/lambda/shop-test-writer',
      retention_in_days: 14,
    });
    expect(found.only('aws_lambda_function')['depends_on']).toEqual([
      expect.stringMatching(/^aws_cloudwatch_log_group\.writer_Logs/),
      expect.stringMatching(/^aws_iam_role_policy\.writer_Role_Policy/),
    ]);
    expect(statements(found.only('aws_iam_role_policy')['policy']).map(({ Action }) => Action)).toEqual([
      ['logs:CreateLogStream', 'logs:PutLogEvents'],
    ]);
  });

  it('does not repeat asynchronous calls unless told', () => {
    expect(made().only('aws_lambda_function_event_invoke_config')['maximum_retry_attempts']).toBe(0);
    expect(made({ maximumRetryAttempts: 2 }).only('aws_lambda_function_event_invoke_config')).toMatchObject({
      maximum_retry_attempts: 2,
    });
  });

  it('knows its name and ARN as text, so that two functions may call each other and themselves', () => {
    const found = synth((stack) => {
      const one = imageFunction(stack, 'one');
      const two = imageFunction(stack, 'two', { environment: { ONE: one.name } });
      one.grantInvoke(two.role);
      two.grantInvoke(one.role);
      one.allowSelfInvoke();
      expect(one.arn).toBe('arn:aws:lambda:us-west-2:111111111111:function:shop-test-one');
    });
    const policy = (name: string) =>
      statements(found.all('aws_iam_role_policy').find((each) => each['name'] === name)?.['policy']).slice(1);
    const invoke = (part: string) => ({
      Sid: `Invoke${part}`,
      Effect: 'Allow',
      Action: ['lambda:InvokeFunction'],
      Resource: [`arn:aws:lambda:us-west-2:111111111111:function:shop-test-${part}`],
    });
    expect(policy('shop-test-one')).toEqual([invoke('two'), invoke('one')]);
    expect(policy('shop-test-two')).toEqual([invoke('one')]);
  });

  it('accepts the finding on a reservation only without one', () => {
    expect(skipsOf((stack) => imageFunction(stack))).toContain('CKV_AWS_115');
    expect(skipsOf((stack) => imageFunction(stack, 'writer', { reservedConcurrency: 5 }))).not.toContain('CKV_AWS_115');
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        made({
          region: 'here',
          memoryMiB: 127,
          timeoutSeconds: 901,
          maximumRetryAttempts: 3,
          reservedConcurrency: -1,
          environment: { AWS_REGION: 'x', '1A': 'y', LONG: 'x'.repeat(4096) },
        }),
      ),
    ).toBe(
      [
        'functions.ImageFunction at test/writer: 8 problems',
        '- region is "here"; allowed: a region such as us-west-2',
        '- memoryMiB is 127; allowed: a whole number from 128 to 10240 MiB',
        '- timeoutSeconds is 901; allowed: a whole number from 1 to 900 seconds',
        '- maximumRetryAttempts is 3; allowed: a whole number from 0 to 2 attempts',
        '- reservedConcurrency is -1; allowed: a whole number from 0 to 1000 calls at a time',
        '- environment has "1A"; allowed: names of letters, digits and _ that Lambda does not set itself',
        '- environment has "AWS_REGION"; allowed: names of letters, digits and _ that Lambda does not set itself',
        '- environment has 4114 bytes; allowed: 4096 in all',
      ].join('\n'),
    );
    expect(() =>
      made({ memoryMiB: 10_240, timeoutSeconds: 1, environment: { A: 'x'.repeat(4095), AWS_NODEJS_X: '' } }),
    ).toThrow('environment has 4108 bytes');
    expect(() => made({ memoryMiB: 128, environment: { A: 'x'.repeat(4095) } })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<ImageFunctionProps, 'repository'> & { readonly repositoryPart?: string }>(
      {
        naming,
        part: 'writer',
        account: '111111111111',
        region: 'us-west-2',
        imageDigest: digest,
        logRetentionDays: 14,
      },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'reader',
        account: '222222222222',
        region: 'us-east-1',
        repositoryPart: 'other',
        imageDigest: `sha256:${'b'.repeat(64)}`,
        logRetentionDays: 30,
        description: 'Writes',
        memoryMiB: 128,
        timeoutSeconds: 1,
        environment: { A: '1' },
        maximumRetryAttempts: 1,
        reservedConcurrency: 1,
      },
      (stack, { repositoryPart = 'web', ...props }) => {
        const repository = new Repository(stack, repositoryPart, { naming, part: repositoryPart });
        // Account and region show in the ARN that is granted.
        new ImageFunction(stack, 'writer', { ...props, repository }).allowSelfInvoke();
      },
    );
    expect(synth((stack) => new ImageFunction(stack, 'writer', functionProps(stack))).addresses).toHaveLength(7);
  });
});
