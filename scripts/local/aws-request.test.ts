import { detect, isProxyHost, operationOfForm, type RequestHead } from './aws-request';

const signed = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=111111111111/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;

function head(
  method: string,
  target: string,
  service = '',
  headers: Record<string, string> = {},
  host = 'aws.sluice.internal',
): RequestHead {
  return { method, target, host, headers: { ...(service ? { authorization: signed(service) } : {}), ...headers } };
}

describe('detect', () => {
  it('reads JSON services from the target header', () => {
    const call = detect(head('POST', '/', 'dynamodb', { 'x-amz-target': 'DynamoDB_20120810.PutItem' }));
    expect(call).toMatchObject({
      service: 'dynamodb',
      operation: 'PutItem',
      protocol: 'json',
      accessKey: '111111111111',
    });
  });

  it('tells the service of an unsigned JSON call by its target', () => {
    expect(detect(head('POST', '/', '', { 'x-amz-target': 'secretsmanager.GetSecretValue' }))).toMatchObject({
      service: 'secretsmanager',
      operation: 'GetSecretValue',
    });
  });

  it('leaves the operation of form-encoded calls to the body', () => {
    const call = detect(
      head('POST', '/', 'ec2', { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' }),
    );
    expect(call).toMatchObject({ service: 'ec2', operation: '', protocol: 'query', needsBody: true });
    expect(operationOfForm('Action=DescribeVpcs&Version=2016-11-15')).toBe('DescribeVpcs');
    expect(operationOfForm('Version=1&Action=CreateVpc')).toBe('CreateVpc');
    expect(operationOfForm('NotAction=1')).toBe('');
  });

  it('reads the RPC of CBOR services from the path', () => {
    expect(
      detect(head('POST', '/service/GraniteServiceVersion20100801/operation/PutMetricAlarm', 'monitoring')),
    ).toMatchObject({
      service: 'monitoring',
      operation: 'PutMetricAlarm',
    });
  });

  it.each([
    ['GET', '/v2/apis/abc123', 'GetApi', 'apis/abc123'],
    ['POST', '/v2/apis', 'CreateApi', 'apis'],
    ['GET', '/v2/apis', 'GetApis', 'apis'],
    ['POST', '/restapis', 'CreateRestApi', ''],
    ['GET', '/restapis/abc123', 'GetRestApi', 'abc123'],
    ['DELETE', '/restapis/abc123', 'DeleteRestApi', 'abc123'],
    ['POST', '/restapis/abc123/resources/root1', 'CreateResource', 'abc123'],
    ['PUT', '/restapis/abc123/resources/r/methods/GET', 'PutMethod', 'abc123'],
    ['PUT', '/restapis/abc123/resources/r/methods/GET/integration', 'PutIntegration', 'abc123'],
    ['PUT', '/restapis/abc123/resources/r/methods/OPTIONS/responses/204', 'PutMethodResponse', 'abc123'],
    [
      'GET',
      '/restapis/abc123/resources/r/methods/OPTIONS/integration/responses/204',
      'GetIntegrationResponse',
      'abc123',
    ],
    ['POST', '/restapis/abc123/deployments', 'CreateDeployment', 'abc123'],
    ['PATCH', '/restapis/abc123/stages/dev', 'UpdateStage', 'abc123'],
    ['POST', '/restapis/abc123/authorizers/a1', 'TestInvokeAuthorizer', 'abc123'],
    ['PUT', '/restapis/abc123/gatewayresponses/UNAUTHORIZED', 'PutGatewayResponse', 'abc123'],
    ['GET', '/account', 'GetAccount', ''],
    ['POST', '/v2/vpclinks', 'CreateVpcLink', 'vpclinks'],
    ['DELETE', '/v2/apis/a/integrations/b', 'DeleteIntegration', 'apis/a/integrations/b'],
    ['PATCH', '/v2/apis/a/stages/%24default', 'UpdateStage', 'apis/a/stages/$default'],
    ['GET', '/v2/tags/arn%3Aaws%3Aapigateway', 'GetTags', 'tags/arn:aws:apigateway'],
  ])('%s %s is API Gateway %s', (method, path, operation, resource) => {
    expect(detect(head(method, path, 'apigateway'))).toMatchObject({ service: 'apigateway', operation, resource });
  });

  it.each([
    ['PUT', '/state/t3nets/dev.tfstate', 'PutObject', 'state/t3nets/dev.tfstate'],
    ['GET', '/state?list-type=2&prefix=a', 'ListObjectsV2', 'state'],
    ['PUT', '/state?versioning', 'PutBucketVersioning', 'state'],
    ['DELETE', '/state', 'DeleteBucket', 'state'],
    ['GET', '/', 'ListBuckets', '*'],
    ['POST', '/state/big?uploads', 'CreateMultipartUpload', 'state/big'],
  ])('%s %s is S3 %s', (method, path, operation, resource) => {
    expect(detect(head(method, path, 's3', {}, 's3.sluice.internal'))).toMatchObject({
      service: 's3',
      operation,
      resource,
    });
  });

  it('takes the bucket from a virtual host', () => {
    expect(detect(head('PUT', '/key', 's3', {}, 'my.bucket.s3.sluice.internal'))).toMatchObject({
      operation: 'PutObject',
      resource: 'my.bucket/key',
    });
  });

  it('knows S3 Control by its host, which starts with the account', () => {
    const call = detect(
      head('GET', '/v20180820/tags/arn%3Aaws%3As3%3A%3A%3Ab', 's3', {}, '111111111111.s3control.sluice.internal'),
    );
    expect(call).toMatchObject({ service: 's3', operation: 'ListTagsForResource', resource: 'arn:aws:s3:::b' });
  });

  it('tells the registry from API Gateway, whose paths start alike', () => {
    expect(detect(head('GET', '/v2/', ''))).toMatchObject({ service: 'ecr', protocol: 'registry' });
    expect(detect(head('PUT', '/v2/team/app/manifests/v1', ''))).toMatchObject({
      operation: 'Registry',
      resource: 'team/app',
    });
  });

  it('reads presigned queries', () => {
    const target = '/b/k?X-Amz-Credential=111111111111%2F20260101%2Fus-east-1%2Fs3%2Faws4_request';
    expect(detect(head('GET', target, ''))).toMatchObject({
      service: 's3',
      operation: 'GetObject',
      accessKey: '111111111111',
    });
  });

  it('calls nothing AWS that is not', () => {
    expect(detect(head('GET', '/favicon.ico', ''))).toMatchObject({ service: '', protocol: 'none' });
  });
});

test('only names under sluice.internal are proxied', () => {
  expect(isProxyHost('aws.sluice.internal')).toBe(true);
  expect(isProxyHost('aws.sluice.internal:80')).toBe(true);
  expect(isProxyHost('example.com')).toBe(false);
  expect(isProxyHost('sluice.internal.example.com')).toBe(false);
});
