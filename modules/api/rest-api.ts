/**
 * A REST API whose routes are data, each served by a function and opened by a Cognito token. One stage, an access log.
 *
 * The whole API is one definition (rest-definition.ts) that API Gateway imports at once, and the deployment's trigger is the
 * hash of exactly that text. So the API is deployed again on every change of a route, integration, authorizer, CORS header
 * or gateway answer, and on nothing else: functions are in it by name, their memory and images are not. Methods as resources
 * of their own cannot do this: a removed one is destroyed only after the new deployment was made, and goes on answering.
 *
 * The stage's access log needs the account's setting (account-logging.ts), which exists once in an account and region.
 */
import { ApiGatewayDeployment } from '@cdktf/provider-aws/lib/api-gateway-deployment';
import { ApiGatewayMethodSettings } from '@cdktf/provider-aws/lib/api-gateway-method-settings';
import { ApiGatewayRestApi } from '@cdktf/provider-aws/lib/api-gateway-rest-api';
import { ApiGatewayStage } from '@cdktf/provider-aws/lib/api-gateway-stage';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import { check, inRange, matches } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { UserPool } from '../identity/user-pool';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import { accessLogFields } from './access-log';
import type { AccountLogging } from './account-logging';
import { methodPath, restDefinition, routeRules, type RestCors, type RestRoute } from './rest-definition';
import { throttlingRules, type Throttling } from './throttling';

export interface RestApiProps {
  readonly naming: Naming;
  /** First part of every path. */
  readonly stageName: string;
  readonly routes: readonly RestRoute[];
  readonly logRetentionDays: number;
  /** Whose ID tokens open the routes, in the header Authorization. @default - none; every route must say so */
  readonly authorizer?: { readonly userPool: UserPool };
  /** For browsers: OPTIONS on every path, and headers on the API's own errors; functions set theirs. @default - no CORS */
  readonly cors?: RestCors;
  /** Last part of the name. @default 'api' */
  readonly part?: string;
  /** How long the API waits for a function; 29 s at most, unless the account's quota was raised. @default 29000 */
  readonly timeoutMilliseconds?: number;
  /** Requests a second and burst over all callers. @default - the account's limits */
  readonly throttling?: Throttling;
  /** The account's setting, where this stack owns it. @default - the account has it already */
  readonly accountLogging?: AccountLogging;
}

const uncached = {
  reason: 'answers differ from caller to caller; a cache is billed by the hour and would serve none of them',
  owner: 'platform',
};

export class RestApi extends Construct {
  readonly resource: ApiGatewayRestApi;
  readonly deployment: ApiGatewayDeployment;
  readonly stage: ApiGatewayStage;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: RestApiProps) {
    super(scope, id);
    const { naming, part = 'api', routes, cors, throttling, timeoutMilliseconds = 29_000 } = props;
    check(this, 'api.RestApi', [
      matches('stageName', props.stageName, /^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, - and _'),
      inRange('timeoutMilliseconds', timeoutMilliseconds, 50, 29_000, 'milliseconds'),
      ...throttlingRules('throttling', throttling),
      ...routeRules(routes, cors, props.authorizer !== undefined),
    ]);
    const name = naming.name('aws_api_gateway_rest_api', part);
    this.resource = new ApiGatewayRestApi(this, 'Resource', {
      name,
      body: JSON.stringify(
        restDefinition({ name, routes, userPoolArn: props.authorizer?.userPool.arn, cors, timeoutMilliseconds }),
      ),
      endpointConfiguration: { types: ['REGIONAL'] },
      lifecycle: { createBeforeDestroy: true },
    });
    this.deployment = new ApiGatewayDeployment(this, 'Deployment', {
      restApiId: this.resource.id,
      triggers: { definition: Fn.sha256(this.resource.body) },
      // The stage moves to the new deployment before the old one goes: AWS deletes none that is in use.
      lifecycle: { createBeforeDestroy: true },
    });
    this.logGroup = new LogGroup(this, 'AccessLogs', {
      name: naming.name('aws_cloudwatch_log_group', part, '/aws/apigateway/'),
      retentionDays: props.logRetentionDays,
    });
    this.stage = new ApiGatewayStage(this, 'Stage', {
      restApiId: this.resource.id,
      deploymentId: this.deployment.id,
      stageName: props.stageName,
      accessLogSettings: { destinationArn: this.logGroup.arn, format: JSON.stringify(accessLogFields) },
      // A route that is live before its function may be called answers 500.
      dependsOn: [
        ...this.#permissions(routes, part),
        ...(props.accountLogging === undefined ? [] : [props.accountLogging.resource]),
      ],
    });
    if (throttling !== undefined) this.#limit('Throttling', '*/*', throttling);
    for (const route of routes) {
      if (route.throttling === undefined) continue;
      this.#limit(`Throttling-${route.method}${route.path.replaceAll('/', '-')}`, methodPath(route), route.throttling);
    }
    this.#acceptFindings();
  }

  get id(): string {
    return this.resource.id;
  }

  /** Base URL, the stage included, without a slash at its end. */
  get endpoint(): string {
    return this.stage.invokeUrl;
  }

  /** One for each function, good for this API alone. */
  #permissions(routes: readonly RestRoute[], part: string): LambdaPermission[] {
    return [...new Set(routes.map((route) => route.function))].map(
      (served) =>
        new LambdaPermission(this, `Invoke-${served.node.id}`, {
          statementId: `AllowInvokeFrom-${part}`,
          action: 'lambda:InvokeFunction',
          functionName: served.resource.functionName,
          principal: 'apigateway.amazonaws.com',
          sourceArn: `${this.resource.executionArn}/*/*`,
        }),
    );
  }

  #limit(id: string, path: string, { rateLimit, burstLimit }: Throttling): void {
    const settings = new ApiGatewayMethodSettings(this, id, {
      restApiId: this.resource.id,
      stageName: this.stage.stageName,
      methodPath: path,
      settings: { throttlingRateLimit: rateLimit, throttlingBurstLimit: burstLimit },
    });
    skipChecks(settings, ['CKV_AWS_225'], uncached);
  }

  #acceptFindings(): void {
    skipChecks(this.stage, ['CKV_AWS_73', 'CKV2_AWS_4'], {
      reason:
        'the access log has a line for each request and the functions log theirs; traces and execution logs are billed',
      owner: 'platform',
    });
    skipChecks(this.stage, ['CKV_AWS_120'], uncached);
    skipChecks(this.stage, ['CKV2_AWS_29', 'CKV2_AWS_51'], {
      reason:
        'callers prove themselves with tokens of the user pool, and limits are on the stage; a web ACL costs per month',
      owner: 'platform',
    });
  }
}
