/**
 * An HTTP API that forwards every path unchanged, over a VPC link, to an internal load balancer. One route ($default),
 * one stage ($default, deployed by itself), a JSON access log.
 */
import { Apigatewayv2Api } from '@cdktf/provider-aws/lib/apigatewayv2-api';
import { Apigatewayv2Integration } from '@cdktf/provider-aws/lib/apigatewayv2-integration';
import { Apigatewayv2Route } from '@cdktf/provider-aws/lib/apigatewayv2-route';
import { Apigatewayv2Stage } from '@cdktf/provider-aws/lib/apigatewayv2-stage';
import { Construct } from 'constructs';
import { check, inRange, oneOf } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { LoadBalancer } from '../compute/load-balancer';
import { LogGroup } from '../logs/log-group';
import type { Naming } from '../naming/naming';
import { accessLogFields } from './access-log';
import { throttlingRules, type Throttling } from './throttling';
import { VpcLink } from './vpc-link';

export interface CorsProps {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

export interface HttpApiProps {
  readonly naming: Naming;
  /** Where requests go; must have its listener. */
  readonly loadBalancer: LoadBalancer;
  readonly logRetentionDays: number;
  /** Last part of the name. @default 'api' */
  readonly part?: string;
  /** @default - all origins; GET, POST, OPTIONS; content-type, authorization; 300 s */
  readonly cors?: CorsProps;
  /** How long the API waits for the service; 30 s at most. @default 30000 */
  readonly timeoutMilliseconds?: number;
  /** Requests a second and burst over all callers. @default - the account's limits */
  readonly throttling?: Throttling;
}

const methods = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', '*'] as const;

const defaultCors: CorsProps = {
  allowOrigins: ['*'],
  allowMethods: ['GET', 'POST', 'OPTIONS'],
  allowHeaders: ['content-type', 'authorization'],
  maxAgeSeconds: 300,
};

export class HttpApi extends Construct {
  readonly resource: Apigatewayv2Api;
  readonly stage: Apigatewayv2Stage;
  readonly vpcLink: VpcLink;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: HttpApiProps) {
    super(scope, id);
    const { naming, part = 'api', cors = defaultCors, timeoutMilliseconds = 30_000, throttling } = props;
    check(this, 'api.HttpApi', [
      inRange('timeoutMilliseconds', timeoutMilliseconds, 50, 30_000, 'milliseconds'),
      inRange('cors.maxAgeSeconds', cors.maxAgeSeconds, -1, 86_400, 'seconds'),
      ...cors.allowMethods.map((method) => oneOf<string>('cors.allowMethods', method, methods)),
      ...throttlingRules('throttling', throttling),
    ]);
    const name = naming.name('aws_apigatewayv2_api', part);
    this.resource = new Apigatewayv2Api(this, 'Resource', {
      name,
      protocolType: 'HTTP',
      corsConfiguration: {
        allowOrigins: [...cors.allowOrigins],
        allowMethods: [...cors.allowMethods],
        allowHeaders: [...cors.allowHeaders],
        maxAge: cors.maxAgeSeconds,
      },
    });
    this.vpcLink = new VpcLink(this, 'VpcLink', { naming, loadBalancer: props.loadBalancer });
    const integration = new Apigatewayv2Integration(this, 'Integration', {
      apiId: this.resource.id,
      integrationType: 'HTTP_PROXY',
      integrationMethod: 'ANY',
      integrationUri: props.loadBalancer.listener.arn,
      connectionType: 'VPC_LINK',
      connectionId: this.vpcLink.resource.id,
      payloadFormatVersion: '1.0',
      timeoutMilliseconds,
    });
    const route = new Apigatewayv2Route(this, 'DefaultRoute', {
      apiId: this.resource.id,
      routeKey: '$default',
      target: `integrations/${integration.id}`,
    });
    skipChecks(route, ['CKV_AWS_309'], {
      reason:
        'the service tells tenants apart by their keys and must answer the open default tenant; it authorizes, not the API',
      owner: 'platform',
    });
    this.logGroup = new LogGroup(this, 'AccessLogs', {
      name: naming.name('aws_cloudwatch_log_group', part, '/aws/apigateway/'),
      retentionDays: props.logRetentionDays,
    });
    this.stage = new Apigatewayv2Stage(this, 'Stage', {
      apiId: this.resource.id,
      name: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: this.logGroup.arn, format: JSON.stringify(accessLogFields) },
      // Left out rather than set to zero where there are no limits: zero would block every request.
      defaultRouteSettings:
        throttling === undefined
          ? undefined
          : { throttlingRateLimit: throttling.rateLimit, throttlingBurstLimit: throttling.burstLimit },
    });
  }

  /** Base URL without a slash at its end. */
  get endpoint(): string {
    return this.resource.apiEndpoint;
  }
}
