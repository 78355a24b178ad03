/** Tells the AWS service and operation of a request, for every protocol AWS uses. Pure. */
import { restOperation } from './rest-operations';

export interface RequestHead {
  readonly method: string;
  /** Path with query, as on the request line. */
  readonly target: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface AwsCall {
  /** Service in SigV4's spelling: `dynamodb`, `s3`, `elasticloadbalancing`, `bedrock`. Empty when it is not an AWS call. */
  readonly service: string;
  /** Operation in the API's spelling, `''` when only the body says it (`needsBody`) or it is unknown. */
  readonly operation: string;
  readonly protocol: 'json' | 'query' | 'rest-json' | 'rest-xml' | 'registry' | 'none';
  readonly needsBody: boolean;
  readonly resource: string;
  readonly accessKey: string;
}

const proxySuffix = '.sluice.internal';

/** Services whose scope in the signature differs from the name used here. */
const scopeNames: Readonly<Record<string, string>> = {
  's3-outposts': 's3',
  'bedrock-runtime': 'bedrock',
};

const restXml = new Set(['s3', 's3control', 'route53', 'cloudfront']);

const targetPrefixes: ReadonlyArray<readonly [RegExp, string]> = [
  [/^DynamoDBStreams_/, 'dynamodb'],
  [/^DynamoDB_/, 'dynamodb'],
  [/^secretsmanager\./, 'secretsmanager'],
  [/^AmazonSSM\./, 'ssm'],
  [/^AmazonEC2ContainerServiceV/, 'ecs'],
  [/^AmazonEC2ContainerRegistry_/, 'ecr'],
  [/^Logs_/, 'logs'],
  [/^AnyScaleFrontendService\./, 'application-autoscaling'],
  [/^CodeDeploy_/, 'codedeploy'],
  [/^AWSInsightsIndexService\./, 'ce'],
  [/^AWSEvents\./, 'events'],
  [/^AWSStepFunctions\./, 'states'],
  [/^AmazonSQS\./, 'sqs'],
  [/^TrentService\./, 'kms'],
  [/^AWSWAF_/, 'wafv2'],
  [/^CertificateManager\./, 'acm'],
  [/^AWSCognitoIdentityProviderService\./, 'cognito-idp'],
  [/^ResourceGroupsTaggingAPI_/, 'tagging'],
  [/^AWSBudgetServiceGateway\./, 'budgets'],
  [/^GraniteServiceVersion/, 'monitoring'],
];

export function header(headers: RequestHead['headers'], name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? (value[0] ?? '') : (value ?? '');
}

export function isProxyHost(host: string): boolean {
  return hostName(host).endsWith(proxySuffix);
}

export function hostName(host: string): string {
  return (host.split(':')[0] ?? '').toLowerCase();
}

/** Credential scope `<key>/<date>/<region>/<service>/aws4_request` of the header or of a presigned query. */
function credential(head: RequestHead, query: URLSearchParams): { accessKey: string; scope: string } {
  const found =
    /Credential=([^,\s]+)/.exec(header(head.headers, 'authorization'))?.[1] ?? query.get('X-Amz-Credential') ?? '';
  const parts = found.split('/');
  return { accessKey: parts[0] ?? '', scope: parts.length >= 5 ? (parts[parts.length - 2] ?? '') : '' };
}

function serviceOfHost(host: string): { service: string; bucket: string } {
  const name = hostName(host);
  if (!name.endsWith(proxySuffix)) return { service: '', bucket: '' };
  const labels = name.slice(0, -proxySuffix.length).split('.');
  const last = labels[labels.length - 1] ?? '';
  const rest = labels.slice(0, -1).join('.');
  if (last === 's3') return { service: 's3', bucket: rest };
  return { service: last === 'aws' ? '' : last, bucket: '' };
}

export function detect(head: RequestHead): AwsCall {
  const [path = '/', search = ''] = split(head.target);
  const query = new URLSearchParams(search);
  const { accessKey, scope } = credential(head, query);
  const target = header(head.headers, 'x-amz-target');
  const ofHost = serviceOfHost(head.host);
  const base = { resource: '', accessKey, needsBody: false };

  if (target) {
    const service = scopeNames[scope] ?? (scope || (targetPrefixes.find(([p]) => p.test(target))?.[1] ?? ''));
    return { ...base, service, operation: target.slice(target.lastIndexOf('.') + 1), protocol: 'json' };
  }
  const service = scopeNames[scope] ?? (ofHost.service === 's3control' ? 's3' : scope || ofHost.service);
  const rpc = /^\/service\/[^/]+\/operation\/([A-Za-z0-9]+)$/.exec(path);
  if (rpc) return { ...base, service, operation: rpc[1] ?? '', protocol: 'json' };
  if (/^\/v2(\/|$)/.test(path) && !scope) {
    return { ...base, service: 'ecr', operation: 'Registry', protocol: 'registry', resource: registryName(path) };
  }
  if (query.get('Action') && !['s3'].includes(service)) {
    return { ...base, service, operation: query.get('Action') ?? '', protocol: 'query' };
  }
  const type = header(head.headers, 'content-type');
  if (type.startsWith('application/x-www-form-urlencoded') && head.method === 'POST') {
    return { ...base, service, operation: '', protocol: 'query', needsBody: true };
  }
  if (!service) return { ...base, service: '', operation: '', protocol: 'none' };
  const control = ofHost.service === 's3control' || path.startsWith('/v20180820/');
  const found = restOperation(control ? 's3control' : service, head.method, path, query, ofHost.bucket, head.headers);
  return { ...base, service, protocol: restXml.has(service) ? 'rest-xml' : 'rest-json', ...found };
}

/** Operation of a form-encoded body (`Action=DescribeVpcs&...`). */
export function operationOfForm(body: string): string {
  return /(?:^|&)Action=([A-Za-z0-9]+)/.exec(body)?.[1] ?? '';
}

function registryName(path: string): string {
  return /^\/v2\/(.+?)\/(?:blobs|manifests|tags)(?:\/|$)/.exec(path)?.[1] ?? '';
}

function split(target: string): [string, string] {
  const at = target.indexOf('?');
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}
