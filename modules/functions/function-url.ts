/**
 * An HTTPS address of a function's own, without an API in front. A public one needs two permissions: AWS asks both
 * whether the address may be called and whether the function may be invoked through it, and answers 403 without the second.
 */
import { LambdaFunctionUrl } from '@cdktf/provider-aws/lib/lambda-function-url';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission';
import { Construct } from 'constructs';
import { check, inRange, oneOf, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { BaseFunction } from './base-function';

export const urlAuthTypes = ['NONE', 'AWS_IAM'] as const;
export type UrlAuthType = (typeof urlAuthTypes)[number];

export interface FunctionUrlProps {
  readonly function: BaseFunction;
  /** `NONE` lets everybody call; with `AWS_IAM` only who is granted it, with a signed request. */
  readonly authType: UrlAuthType;
  /** Pages that browsers let call: origins, or `*` alone. @default - no CORS: no page of another origin */
  readonly allowedOrigins?: readonly string[];
  /** @default - GET and POST, with `allowedOrigins` */
  readonly allowedMethods?: readonly string[];
  /** In lower case. @default - none, with `allowedOrigins` */
  readonly allowedHeaders?: readonly string[];
  /** How long a browser keeps the answer about CORS, up to 86400. @default 300, with `allowedOrigins` */
  readonly maxAgeSeconds?: number;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', '*'];

export class FunctionUrl extends Construct {
  readonly resource: LambdaFunctionUrl;
  readonly #function: BaseFunction;

  constructor(scope: Construct, id: string, props: FunctionUrlProps) {
    super(scope, id);
    const { authType, allowedOrigins: origins, allowedMethods, allowedHeaders, maxAgeSeconds } = props;
    this.#function = props.function;
    check(this, 'functions.FunctionUrl', [
      oneOf('authType', authType, urlAuthTypes),
      unless(origins?.length === 0, 'allowedOrigins is empty; allowed: at least one, or leave it out'),
      ...(origins ?? []).map((origin) =>
        unless(
          origin === '*' ? origins?.length !== 1 : !/^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/.test(origin),
          `allowedOrigins has "${origin}"; allowed: origins such as https://example.com, or * alone`,
        ),
      ),
      ...(allowedMethods ?? []).map((method) => oneOf('allowedMethods', method, METHODS)),
      ...(allowedHeaders ?? []).map((header) =>
        unless(!/^(\*|[a-z0-9-]+)$/.test(header), `allowedHeaders has "${header}"; allowed: names in lower case, or *`),
      ),
      inRange('maxAgeSeconds', maxAgeSeconds, 0, 86_400, 'seconds'),
      ...Object.entries({ allowedMethods, allowedHeaders, maxAgeSeconds }).map(([name, value]) =>
        unless(origins === undefined && value !== undefined, `${name} is given; allowed with allowedOrigins only`),
      ),
    ]);
    this.resource = new LambdaFunctionUrl(this, 'Resource', {
      functionName: props.function.resource.functionName,
      authorizationType: authType,
      cors:
        origins === undefined
          ? undefined
          : {
              allowOrigins: [...origins],
              allowMethods: [...(allowedMethods ?? ['GET', 'POST'])],
              allowHeaders: allowedHeaders === undefined ? undefined : [...allowedHeaders],
              maxAge: maxAgeSeconds ?? 300,
            },
    });
    if (authType === 'NONE') this.#letEverybodyIn();
  }

  /** `https://<id>.lambda-url.<region>.on.aws/` */
  get url(): string {
    return this.resource.functionUrl;
  }

  /** Call the address, with a signed request, and nothing of the function past it. */
  grantInvoke(grantee: Grantee): void {
    const { arn, node } = this.#function;
    const name = node.id.replace(/[^A-Za-z0-9]/g, '');
    grantee.addToPolicy({
      sid: `CallUrlOf${name}`,
      actions: ['lambda:InvokeFunctionUrl'],
      resources: [arn],
      conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
    });
    grantee.addToPolicy({
      sid: `InvokeThroughUrlOf${name}`,
      actions: ['lambda:InvokeFunction'],
      resources: [arn],
      conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
    });
  }

  #letEverybodyIn(): void {
    const { functionName } = this.#function.resource;
    const url = new LambdaPermission(this, 'CallUrl', {
      statementId: 'CallUrl',
      functionName,
      action: 'lambda:InvokeFunctionUrl',
      principal: '*',
      functionUrlAuthType: 'NONE',
    });
    const invoke = new LambdaPermission(this, 'InvokeThroughUrl', {
      statementId: 'InvokeThroughUrl',
      functionName,
      action: 'lambda:InvokeFunction',
      principal: '*',
      // Lambda takes one change of a function's policy at a time.
      dependsOn: [url],
    });
    // The bindings are older than this argument, which keeps the permission from opening the function past its address.
    invoke.addOverride('invoked_via_function_url', true);
    skipChecks(this.resource, ['CKV_AWS_258'], {
      reason: 'the address is public by decision of the environment; the function bounds what a caller may do',
      owner: 'platform',
    });
    for (const permission of [url, invoke]) {
      skipChecks(permission, ['CKV_AWS_301'], {
        reason: 'everybody may call through the public address, and only through it: a condition of the permission',
        owner: 'platform',
      });
    }
  }
}
