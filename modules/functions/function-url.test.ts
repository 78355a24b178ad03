import { Role } from '../iam/role';
import { account, expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { FunctionUrl, type FunctionUrlProps } from './function-url';
import { imageFunction } from './testing';

type Props = Omit<FunctionUrlProps, 'function'>;
const url = (props: Props) =>
  synth((stack) => new FunctionUrl(stack, 'url', { function: imageFunction(stack), ...props }));

describe('functions.FunctionUrl', () => {
  it('lets everybody call, with both permissions, the second only through the address', () => {
    const found = url({ authType: 'NONE' });
    const functionName = expect.stringMatching(/^\$\{aws_lambda_function\.writer_\w+\.function_name\}$/) as unknown;
    expect(found.only('aws_lambda_function_url')).toEqual({
      function_name: functionName,
      authorization_type: 'NONE',
    });
    expect(found.all('aws_lambda_permission')).toEqual([
      {
        statement_id: 'CallUrl',
        function_name: functionName,
        action: 'lambda:InvokeFunctionUrl',
        principal: '*',
        function_url_auth_type: 'NONE',
      },
      {
        statement_id: 'InvokeThroughUrl',
        function_name: functionName,
        action: 'lambda:InvokeFunction',
        principal: '*',
        invoked_via_function_url: true,
        depends_on: [expect.stringMatching(/^aws_lambda_permission\.url_CallUrl_/)],
      },
    ]);
    const skips = (authType: 'NONE' | 'AWS_IAM') =>
      skipsOf((stack) => new FunctionUrl(stack, 'url', { function: imageFunction(stack), authType })).filter((check) =>
        ['CKV_AWS_258', 'CKV_AWS_301'].includes(check),
      );
    expect(skips('NONE')).toEqual(['CKV_AWS_258', 'CKV_AWS_301']);
    expect(skips('AWS_IAM')).toEqual([]);
  });

  it('answers pages of the origins that are named', () => {
    expect(url({ authType: 'NONE', allowedOrigins: ['*'] }).only('aws_lambda_function_url')['cors']).toEqual({
      allow_origins: ['*'],
      allow_methods: ['GET', 'POST'],
      max_age: 300,
    });
    expect(
      url({
        authType: 'NONE',
        allowedOrigins: ['https://example.com', 'http://localhost:3000'],
        allowedMethods: ['POST'],
        allowedHeaders: ['content-type', 'mcp-session-id'],
        maxAgeSeconds: 0,
      }).only('aws_lambda_function_url')['cors'],
    ).toEqual({
      allow_origins: ['https://example.com', 'http://localhost:3000'],
      allow_methods: ['POST'],
      allow_headers: ['content-type', 'mcp-session-id'],
      max_age: 0,
    });
  });

  it('with AWS_IAM lets nobody call but who is granted it, and that through the address only', () => {
    const found = synth((stack) => {
      const role = new Role(stack, 'role', {
        naming,
        part: 'caller',
        service: 'lambda.amazonaws.com',
        account,
        description: 'd',
      });
      const made = new FunctionUrl(stack, 'url', { function: imageFunction(stack), authType: 'AWS_IAM' });
      made.grantInvoke(role);
      expect(made.url).toMatch(/^\$\{TfToken\[/);
    });
    expect(found.all('aws_lambda_permission')).toEqual([]);
    const policy = found.all('aws_iam_role_policy').find((each) => each['name'] === 'shop-test-caller')?.['policy'];
    const Resource = ['arn:aws:lambda:us-west-2:111111111111:function:shop-test-writer'];
    expect(statements(policy)).toEqual([
      {
        Sid: 'CallUrlOfwriter',
        Effect: 'Allow',
        Action: ['lambda:InvokeFunctionUrl'],
        Resource,
        Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
      },
      {
        Sid: 'InvokeThroughUrlOfwriter',
        Effect: 'Allow',
        Action: ['lambda:InvokeFunction'],
        Resource,
        Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
      },
    ]);
  });

  it('reports every problem at once', () => {
    expect(
      messageOf(() =>
        url({
          authType: 'JWT' as never,
          allowedOrigins: ['*', 'example.com'],
          allowedMethods: ['get'],
          allowedHeaders: ['Content-Type'],
          maxAgeSeconds: 86_401,
        }),
      ),
    ).toBe(
      [
        'functions.FunctionUrl at test/url: 6 problems',
        '- authType is "JWT"; allowed: NONE, AWS_IAM',
        '- allowedOrigins has "*"; allowed: origins such as https://example.com, or * alone',
        '- allowedOrigins has "example.com"; allowed: origins such as https://example.com, or * alone',
        '- allowedMethods is "get"; allowed: GET, POST, PUT, PATCH, DELETE, HEAD, *',
        '- allowedHeaders has "Content-Type"; allowed: names in lower case, or *',
        '- maxAgeSeconds is 86401; allowed: a whole number from 0 to 86400 seconds',
      ].join('\n'),
    );
    expect(
      messageOf(() => url({ authType: 'NONE', allowedMethods: ['GET'], allowedHeaders: ['x'], maxAgeSeconds: 1 })),
    ).toBe(
      [
        'functions.FunctionUrl at test/url: 3 problems',
        '- allowedMethods is given; allowed with allowedOrigins only',
        '- allowedHeaders is given; allowed with allowedOrigins only',
        '- maxAgeSeconds is given; allowed with allowedOrigins only',
      ].join('\n'),
    );
    expect(messageOf(() => url({ authType: 'NONE', allowedOrigins: [] }))).toBe(
      [
        'functions.FunctionUrl at test/url: 1 problem',
        '- allowedOrigins is empty; allowed: at least one, or leave it out',
      ].join('\n'),
    );
    expect(() => url({ authType: 'NONE', allowedOrigins: ['*'], maxAgeSeconds: 86_400 })).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Props & { readonly part: string }>(
      { authType: 'NONE', allowedOrigins: ['*'], part: 'writer' },
      {
        part: 'reader',
        authType: 'AWS_IAM',
        allowedOrigins: ['https://example.com'],
        allowedMethods: ['GET'],
        allowedHeaders: ['content-type'],
        maxAgeSeconds: 1,
      },
      (stack, { part, ...props }) => {
        const made = { writer: imageFunction(stack, 'writer'), reader: imageFunction(stack, 'reader') };
        new FunctionUrl(stack, 'url', { function: made[part as keyof typeof made], ...props });
      },
    );
  });
});
