/**
 * A WebSocket API whose routes are data, each served by a function (Lambda proxy). One stage, deployed by itself, an access
 * log. Functions answer by posting to the connection, at `managementUrl`; that address depends on no route, so a function
 * of a route may have it in its environment.
 *
 * The stage's access log needs the account's setting (account-logging.ts), which exists once in an account and region.
 */
import { Apigatewayv2Api } from '@cdktf/provider-aws/lib/apigatewayv2-api';
import { Apigatewayv2Authorizer } from '@cdktf/provider-aws/lib/apigatewayv2-authorizer';
import { Apigatewayv2Integration } from '@cdktf/provider-aws/lib/apigatewayv2-integration';
import { Apigatewayv2Route } from '@cdktf/provider-aws/lib/apigatewayv2-route';
import { Apigatewayv2Stage } from '@cdktf/provider-aws/lib/apigatewayv2-stage';
import { LambdaPermission } from '@cdktf/provider-aws/lib/lambda-permission';
import { Fn } from 'cdktf';
import { Construct } from 'constructs';
import { check, inRange, matches, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { InvocableFunction } from '../functions/invocable';
import type { Grantee } from '../iam/policy';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import { webSocketLogFields } from './access-log';
import type { AccountLogging } from './account-logging';
import { throttlingRules, type Throttling } from './throttling';

export interface WebSocketRoute {
  /** `$connect`, `$disconnect`, `$default`, or a value that the selection expression gives. */
  readonly key: string;
  readonly function: InvocableFunction;
}

export interface WebSocketAuthorizer {
  /** Gets the request that connects, and answers with a policy. */
  readonly function: InvocableFunction;
  /** What must be there before it is asked, such as `route.request.querystring.token`. */
  readonly identitySources: readonly string[];
}

export interface WebSocketApiProps {
  readonly naming: Naming;
  /** Last part of the address. */
  readonly stageName: string;
  readonly routes: readonly WebSocketRoute[];
  readonly logRetentionDays: number;
  /** Gives a frame's route; a frame of no route goes to `$default`. @default '$request.body.action' */
  readonly routeSelectionExpression?: string;
  /** Last part of the name. @default 'ws' */
  readonly part?: string;
  /** How long the API waits for a function; 29 s at most. @default 29000 */
  readonly timeoutMilliseconds?: number;
  /** Connections and frames a second and burst over all callers. @default - the account's limits */
  readonly throttling?: Throttling;
  /** Decides who may connect. @default - anybody */
  readonly authorizer?: WebSocketAuthorizer;
  /** The account's setting, where this stack owns it. @default - the account has it already */
  readonly accountLogging?: AccountLogging;
}

const SELECTION = /^(\$request\.body(\.[A-Za-z_][A-Za-z0-9_]*)+|\$\{request\.body(\.[A-Za-z_][A-Za-z0-9_]*)+\})$/;
const CONNECT = '$connect';

export class WebSocketApi extends Construct {
  readonly resource: Apigatewayv2Api;
  readonly stage: Apigatewayv2Stage;
  readonly logGroup: LogGroup;
  readonly #stageName: string;

  constructor(scope: Construct, id: string, props: WebSocketApiProps) {
    super(scope, id);
    const { naming, part = 'ws', stageName, routes, throttling, timeoutMilliseconds = 29_000 } = props;
    const routeSelectionExpression = props.routeSelectionExpression ?? '$request.body.action';
    check(this, 'api.WebSocketApi', [
      matches('stageName', stageName, /^[A-Za-z0-9_-]{1,128}$/, '1 to 128 letters, digits, - and _'),
      matches('routeSelectionExpression', routeSelectionExpression, SELECTION, 'a field such as $request.body.action'),
      inRange('timeoutMilliseconds', timeoutMilliseconds, 50, 29_000, 'milliseconds'),
      ...throttlingRules('throttling', throttling),
      ...routeRules(routes),
      unless(
        props.authorizer?.identitySources.length === 0,
        'authorizer.identitySources is empty; allowed: one or more, as without one nobody gets to the authorizer',
      ),
      unless(
        props.authorizer !== undefined && !routes.some(({ key }) => key === CONNECT),
        'authorizer has no route $connect; allowed: one, as that is the route it decides about',
      ),
    ]);
    this.#stageName = stageName;
    this.resource = new Apigatewayv2Api(this, 'Resource', {
      name: naming.name('aws_apigatewayv2_api', part),
      protocolType: 'WEBSOCKET',
      routeSelectionExpression,
    });
    this.logGroup = new LogGroup(this, 'AccessLogs', {
      name: naming.name('aws_cloudwatch_log_group', part, '/aws/apigateway/'),
      retentionDays: props.logRetentionDays,
    });
    const permissions = this.#permissions(props, part);
    const made = this.#routes(props, part, timeoutMilliseconds);
    this.stage = new Apigatewayv2Stage(this, 'Stage', {
      apiId: this.resource.id,
      name: stageName,
      autoDeploy: true,
      accessLogSettings: { destinationArn: this.logGroup.arn, format: JSON.stringify(webSocketLogFields) },
      // Left out rather than set to zero where there are no limits: zero would block every frame.
      defaultRouteSettings:
        throttling === undefined
          ? undefined
          : { throttlingRateLimit: throttling.rateLimit, throttlingBurstLimit: throttling.burstLimit },
      // API Gateway deploys no API without routes, and a route that is live before its function may be called fails.
      dependsOn: [
        ...made,
        ...permissions,
        ...(props.accountLogging === undefined ? [] : [props.accountLogging.resource]),
      ],
    });
    skipChecks(this.stage, ['CKV2_AWS_51'], {
      reason: 'callers are browsers, which have no certificate to show; who may connect is for the authorizer to say',
      owner: 'platform',
    });
  }

  get id(): string {
    return this.resource.id;
  }

  /** `wss://`, the stage included, without a slash at its end. */
  get endpoint(): string {
    return `${this.resource.apiEndpoint}/${this.#stageName}`;
  }

  /** `https://`, where functions post to connections: the `endpoint` of an API Gateway management client. */
  get managementUrl(): string {
    return `${Fn.replace(this.resource.apiEndpoint, 'wss://', 'https://')}/${this.#stageName}`;
  }

  /** Post to this stage's connections, look at them and close them. */
  grantManageConnections(grantee: Grantee): void {
    grantee.addToPolicy({
      sid: 'ManageConnections',
      actions: ['execute-api:ManageConnections'],
      resources: [`${this.resource.executionArn}/${this.#stageName}/*/@connections/*`],
    });
  }

  #routes({ naming, routes, authorizer }: WebSocketApiProps, part: string, timeout: number): Apigatewayv2Route[] {
    const integrations = new Map(
      distinct(routes).map((served) => [
        served,
        new Apigatewayv2Integration(this, `Integration-${served.node.id}`, {
          apiId: this.resource.id,
          integrationType: 'AWS_PROXY',
          integrationMethod: 'POST',
          integrationUri: served.resource.invokeArn,
          timeoutMilliseconds: timeout,
        }),
      ]),
    );
    const gate =
      authorizer &&
      new Apigatewayv2Authorizer(this, 'Authorizer', {
        apiId: this.resource.id,
        name: naming.name('aws_apigatewayv2_authorizer', part),
        authorizerType: 'REQUEST',
        authorizerUri: authorizer.function.resource.invokeArn,
        identitySources: [...authorizer.identitySources],
      });
    return routes.map(({ key, function: served }) => {
      const gated = key === CONNECT ? gate : undefined;
      const route = new Apigatewayv2Route(this, `Route-${key}`, {
        apiId: this.resource.id,
        routeKey: key,
        authorizationType: gated === undefined ? 'NONE' : 'CUSTOM',
        authorizerId: gated?.id,
        target: `integrations/${integrations.get(served)?.id}`,
      });
      if (gated === undefined) skipChecks(route, ['CKV_AWS_309'], key === CONNECT ? open : behindConnect);
      return route;
    });
  }

  /** One for each function, good for this API alone. */
  #permissions({ routes, authorizer, stageName }: WebSocketApiProps, part: string): LambdaPermission[] {
    const allow = (id: string, served: InvocableFunction, path: string): LambdaPermission =>
      new LambdaPermission(this, `${id}-${served.node.id}`, {
        statementId: `Allow${id}From-${part}`,
        action: 'lambda:InvokeFunction',
        functionName: served.resource.functionName,
        principal: 'apigateway.amazonaws.com',
        sourceArn: `${this.resource.executionArn}/${path}`,
      });
    return [
      ...distinct(routes).map((served) => allow('Invoke', served, `${stageName}/*`)),
      ...(authorizer === undefined ? [] : [allow('Authorize', authorizer.function, 'authorizers/*')]),
    ];
  }
}

const behindConnect = {
  reason: 'only $connect can have an authorizer; the other routes serve the connection that it let in',
  owner: 'platform',
};
const open = {
  reason: 'this API has no authorizer by a decision of its system; what callers say they are is claims, not proof',
  owner: 'platform',
};

function distinct(routes: readonly WebSocketRoute[]): InvocableFunction[] {
  return [...new Set(routes.map((route) => route.function))];
}

function routeRules(routes: readonly WebSocketRoute[]): (string | undefined)[] {
  const keys = routes.map(({ key }) => key);
  return [
    unless(keys.length === 0, 'routes is empty; allowed: one route or more, as API Gateway deploys no empty API'),
    ...keys.map((key) =>
      matches(
        'routes.key',
        key,
        /^(\$connect|\$disconnect|\$default|[A-Za-z0-9_-]{1,128})$/,
        'a key, or $connect, $disconnect, $default',
      ),
    ),
    ...[...new Set(keys.filter((key, index) => keys.indexOf(key) !== index))].map(
      (key) => `routes has ${key} twice; allowed: each key once`,
    ),
  ];
}
