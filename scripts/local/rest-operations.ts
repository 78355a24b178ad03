/** Operations of the REST services, told from method, path and query. Only what the systems use; others stay unnamed. */

type Rule = readonly [method: string, path: RegExp, operation: string];

export interface RestOperation {
  readonly operation: string;
  readonly resource: string;
}

const apigatewayKinds: Readonly<Record<string, readonly [one: string, many: string]>> = {
  apis: ['Api', 'Apis'],
  vpclinks: ['VpcLink', 'VpcLinks'],
  domainnames: ['DomainName', 'DomainNames'],
  integrations: ['Integration', 'Integrations'],
  routes: ['Route', 'Routes'],
  stages: ['Stage', 'Stages'],
  deployments: ['Deployment', 'Deployments'],
  authorizers: ['Authorizer', 'Authorizers'],
  apimappings: ['ApiMapping', 'ApiMappings'],
  integrationresponses: ['IntegrationResponse', 'IntegrationResponses'],
  routeresponses: ['RouteResponse', 'RouteResponses'],
  models: ['Model', 'Models'],
};

const lambda: readonly Rule[] = [
  ['POST', /^\/2015-03-31\/functions$/, 'CreateFunction'],
  ['GET', /^\/2015-03-31\/functions$/, 'ListFunctions'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)$/, 'GetFunction'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)$/, 'DeleteFunction'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/invocations$/, 'Invoke'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'GetFunctionConfiguration'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'UpdateFunctionConfiguration'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/code$/, 'UpdateFunctionCode'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'ListVersionsByFunction'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/policy$/, 'AddPermission'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/policy$/, 'GetPolicy'],
  ['DELETE', /^\/2015-03-31\/functions\/([^/]+)\/policy\//, 'RemovePermission'],
  ['PUT', /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/, 'PutFunctionEventInvokeConfig'],
  ['GET', /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/, 'GetFunctionEventInvokeConfig'],
  ['DELETE', /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/, 'DeleteFunctionEventInvokeConfig'],
  ['PUT', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, 'PutFunctionConcurrency'],
  ['DELETE', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, 'DeleteFunctionConcurrency'],
];

const bedrock: readonly Rule[] = [
  ['POST', /^\/model\/([^/]+)\/converse$/, 'Converse'],
  ['POST', /^\/model\/([^/]+)\/converse-stream$/, 'ConverseStream'],
  ['POST', /^\/model\/([^/]+)\/invoke$/, 'InvokeModel'],
  ['POST', /^\/model\/([^/]+)\/invoke-with-response-stream$/, 'InvokeModelWithResponseStream'],
];

const route53: readonly Rule[] = [
  ['POST', /^\/2013-04-01\/hostedzone$/, 'CreateHostedZone'],
  ['GET', /^\/2013-04-01\/hostedzone\/([^/]+)$/, 'GetHostedZone'],
  ['POST', /^\/2013-04-01\/hostedzone\/([^/]+)\/rrset\/?$/, 'ChangeResourceRecordSets'],
  ['GET', /^\/2013-04-01\/hostedzone\/([^/]+)\/rrset$/, 'ListResourceRecordSets'],
  ['GET', /^\/2013-04-01\/change\/([^/]+)$/, 'GetChange'],
  ['GET', /^\/2013-04-01\/tags\/[^/]+\/([^/]+)$/, 'ListTagsForResource'],
];

const s3control: readonly Rule[] = [
  ['GET', /^\/v20180820\/tags\/(.+)$/, 'ListTagsForResource'],
  ['POST', /^\/v20180820\/tags\/(.+)$/, 'TagResource'],
  ['DELETE', /^\/v20180820\/tags\/(.+)$/, 'UntagResource'],
];

/** Operations on one kind of thing at `<path>[/<id>]`, as REST services name them. */
function crud(path: string, kind: string, verbs: Readonly<Record<string, string>>, config = ''): Rule[] {
  const escaped = path.replaceAll('/', '\\/');
  const all = new RegExp(`^${escaped}\\/?$`);
  const one = new RegExp(`^${escaped}\\/([^/]+)\\/?$`);
  const part = new RegExp(`^${escaped}\\/([^/]+)${config}$`);
  return [
    ['POST', all, `Create${kind}`],
    ['GET', all, verbs['list'] ?? `List${kind}s`],
    ['GET', one, `Get${kind}`],
    ['DELETE', one, `Delete${kind}`],
    ...(config ? ([['GET', part, `Get${kind}Config`]] as Rule[]) : []),
    [verbs['update'] ?? 'PUT', part, `Update${kind}`],
  ];
}

const cloudfrontBase = '/2020-05-31';
const cloudfront: readonly Rule[] = [
  ...crud(`${cloudfrontBase}/distribution`, 'Distribution', {}, '\\/config'),
  ['POST', /^\/2020-05-31\/distribution\/([^/]+)\/invalidation$/, 'CreateInvalidation'],
  ['GET', /^\/2020-05-31\/distribution\/([^/]+)\/invalidation\/[^/]+$/, 'GetInvalidation'],
  ...crud(`${cloudfrontBase}/origin-access-control`, 'OriginAccessControl', {}, '\\/config'),
  ...crud(`${cloudfrontBase}/response-headers-policy`, 'ResponseHeadersPolicy', {
    list: 'ListResponseHeadersPolicies',
  }),
  ...crud(`${cloudfrontBase}/cache-policy`, 'CachePolicy', { list: 'ListCachePolicies' }),
  ...crud(`${cloudfrontBase}/function`, 'Function', {}),
  ['GET', /^\/2020-05-31\/tagging$/, 'ListTagsForResource'],
  ['POST', /^\/2020-05-31\/tagging$/, 'TagResource'],
];

/** What a REST API (API Gateway v1) is made of: path below `/restapis/{id}`, then an optional id. */
const restApiParts: ReadonlyArray<readonly [path: string, kind: string]> = [
  ['resources\\/[^/]+\\/methods\\/[^/]+\\/integration\\/responses', 'IntegrationResponse'],
  ['resources\\/[^/]+\\/methods\\/[^/]+\\/responses', 'MethodResponse'],
  ['resources\\/[^/]+\\/methods', 'Method'],
  ['resources', 'Resource'],
  ['deployments', 'Deployment'],
  ['stages', 'Stage'],
  ['authorizers', 'Authorizer'],
  ['gatewayresponses', 'GatewayResponse'],
  ['requestvalidators', 'RequestValidator'],
  ['models', 'Model'],
];

const itemVerbs: Readonly<Record<string, string>> = { GET: 'Get', PATCH: 'Update', DELETE: 'Delete', PUT: 'Put' };

function itemRules(path: string, kind: string): Rule[] {
  return Object.entries(itemVerbs).map(([method, verb]) => [method, new RegExp(path), `${verb}${kind}`]);
}

const restApis: readonly Rule[] = [
  ['POST', /^\/restapis$/, 'CreateRestApi'],
  ['GET', /^\/restapis$/, 'GetRestApis'],
  ...itemRules('^\\/restapis\\/([^/]+)$', 'RestApi'),
  ['POST', /^\/restapis\/([^/]+)\/resources\/[^/]+$/, 'CreateResource'],
  ['POST', /^\/restapis\/([^/]+)\/authorizers\/[^/]+$/, 'TestInvokeAuthorizer'],
  ...itemRules('^\\/restapis\\/([^/]+)\\/resources\\/[^/]+\\/methods\\/[^/]+\\/integration$', 'Integration'),
  ...restApiParts.flatMap(([path, kind]): Rule[] => [
    ['POST', new RegExp(`^\\/restapis\\/([^/]+)\\/${path}$`), `Create${kind}`],
    ['GET', new RegExp(`^\\/restapis\\/([^/]+)\\/${path}$`), `Get${kind}s`],
    ...itemRules(`^\\/restapis\\/([^/]+)\\/${path}\\/[^/]+$`, kind),
  ]),
  ['GET', /^\/account$/, 'GetAccount'],
  ['PATCH', /^\/account$/, 'UpdateAccount'],
  ['GET', /^\/tags\/(.+)$/, 'GetTags'],
  ['PUT', /^\/tags\/(.+)$/, 'TagResource'],
  ['DELETE', /^\/tags\/(.+)$/, 'UntagResource'],
];

const rules: Readonly<Record<string, readonly Rule[]>> = {
  lambda,
  bedrock,
  route53,
  s3control,
  cloudfront,
  apigateway: restApis,
};

/** Sub-resources of S3 buckets and objects: `?tagging` and so on. */
const s3Parts: Readonly<Record<string, string>> = {
  versioning: 'BucketVersioning',
  lifecycle: 'BucketLifecycleConfiguration',
  encryption: 'BucketEncryption',
  policy: 'BucketPolicy',
  policyStatus: 'BucketPolicyStatus',
  publicAccessBlock: 'PublicAccessBlock',
  acl: 'BucketAcl',
  cors: 'BucketCors',
  website: 'BucketWebsite',
  logging: 'BucketLogging',
  notification: 'BucketNotificationConfiguration',
  replication: 'BucketReplication',
  tagging: 'BucketTagging',
  'object-lock': 'ObjectLockConfiguration',
  ownershipControls: 'BucketOwnershipControls',
  requestPayment: 'BucketRequestPayment',
  accelerate: 'BucketAccelerateConfiguration',
  location: 'BucketLocation',
};

const verbs: Readonly<Record<string, string>> = {
  GET: 'Get',
  HEAD: 'Head',
  PUT: 'Put',
  POST: 'Post',
  DELETE: 'Delete',
};

export function restOperation(
  service: string,
  method: string,
  path: string,
  query: URLSearchParams,
  bucket: string,
  headers: Readonly<Record<string, unknown>>,
): RestOperation {
  if (service === 's3') return s3(method, bucket ? `/${bucket}${path}` : path, query, headers);
  if (service === 'apigateway' && path.startsWith('/v2/')) return apigateway(method, path);
  for (const [verb, pattern, operation] of rules[service] ?? []) {
    const match = verb === method ? pattern.exec(path) : null;
    if (match) return { operation, resource: decode(match[1] ?? '') };
  }
  return { operation: '', resource: decode(path.slice(0, 200)) };
}

function apigateway(method: string, path: string): RestOperation {
  const parts = path.split('/').filter(Boolean);
  const resource = decode(parts.slice(1).join('/')).slice(0, 200);
  if (parts[1] === 'tags') {
    return { operation: { GET: 'GetTags', POST: 'TagResource', DELETE: 'UntagResource' }[method] ?? '', resource };
  }
  const collection = parts.length % 2 === 0;
  const kind = apigatewayKinds[(collection ? parts[parts.length - 1] : parts[parts.length - 2]) ?? ''];
  if (!kind)
    return { operation: parts[3] === 'cors' && method === 'DELETE' ? 'DeleteCorsConfiguration' : '', resource };
  if (collection) return { operation: method === 'POST' ? `Create${kind[0]}` : `Get${kind[1]}`, resource };
  const verb = { GET: 'Get', PATCH: 'Update', DELETE: 'Delete', PUT: 'Put' }[method];
  return { operation: verb ? `${verb}${kind[0]}` : '', resource };
}

function s3(
  method: string,
  path: string,
  query: URLSearchParams,
  headers: Readonly<Record<string, unknown>>,
): RestOperation {
  const [, bucket = '', ...rest] = path.split('/');
  const key = rest.join('/');
  const resource = decode(key ? `${bucket}/${key}` : bucket);
  if (!bucket) return { operation: 'ListBuckets', resource: '*' };
  const part = Object.keys(s3Parts).find((name) => query.has(name));
  if (key) {
    if (query.has('uploadId') || query.has('uploads')) return { operation: upload(method, query), resource };
    if (part === 'tagging' || part === 'acl') {
      return { operation: `${verbs[method]}Object${part === 'acl' ? 'Acl' : 'Tagging'}`, resource };
    }
    if (method === 'PUT' && headers['x-amz-copy-source']) return { operation: 'CopyObject', resource };
    return { operation: `${verbs[method] ?? ''}Object`, resource };
  }
  if (part) return { operation: `${verbs[method] ?? ''}${s3Parts[part]}`, resource };
  if (method === 'POST' && query.has('delete')) return { operation: 'DeleteObjects', resource };
  if (method === 'GET') {
    if (query.has('versions')) return { operation: 'ListObjectVersions', resource };
    if (query.has('uploads')) return { operation: 'ListMultipartUploads', resource };
    return { operation: query.get('list-type') === '2' ? 'ListObjectsV2' : 'ListObjects', resource };
  }
  return { operation: { PUT: 'CreateBucket', DELETE: 'DeleteBucket', HEAD: 'HeadBucket' }[method] ?? '', resource };
}

function upload(method: string, query: URLSearchParams): string {
  if (query.has('uploads')) return 'CreateMultipartUpload';
  return { PUT: 'UploadPart', POST: 'CompleteMultipartUpload', DELETE: 'AbortMultipartUpload' }[method] ?? 'ListParts';
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
