/** The agent: a Fargate service behind a public load balancer, which CloudFront asks for everything below /agent/. */
import type { Construct } from 'constructs';
import type { Story42Settings } from '../../environments/story-42';
import type { RestApi } from '../../modules/api/rest-api';
import { Cluster } from '../../modules/compute/cluster';
import { nodeHealthCheck } from '../../modules/compute/container-health';
import { FargateService } from '../../modules/compute/fargate-service';
import { LoadBalancer } from '../../modules/compute/load-balancer';
import { TaskDefinition } from '../../modules/compute/task-definition';
import { AliasRecord } from '../../modules/edge/alias-record';
import { Certificate } from '../../modules/edge/certificate';
import { grantInvokeModels } from '../../modules/iam/bedrock';
import type { AgentOptionalVariables, AgentVariables } from '../../services/story-42/story-generator/environment';
import type { Foundation } from './foundation';
import type { Functions } from './functions';

const AGENT_PORT = 8080;
/** The agent waits for models and for the story API, which gives up after 29 s a call. */
const AGENT_IDLE_SECONDS = 120;

interface Callees {
  readonly functions: Functions;
  readonly api: RestApi;
}

export interface Agent {
  readonly cluster: Cluster;
  readonly service: FargateService;
  /** Of the load balancer. */
  readonly url: string;
}

export function storyAgent(scope: Construct, foundation: Foundation, callees: Callees, imageDigest: string): Agent {
  const { settings, environment, naming, place, sessions, objects, users, googleKey, ttsKey, repositories } =
    foundation;
  const { functions, api } = callees;
  const { text, image, data } = functions;

  const { project, modelId, searchBaseUrl, ttsApiBaseUrl, ecsDesiredCount, logRetentionDays } = settings;
  const variables: AgentVariables & AgentOptionalVariables = {
    PORT: String(AGENT_PORT),
    AWS_REGION: place.region,
    BEDROCK_MODEL_ID: modelId,
    STORY_API_URL: api.endpoint,
    SESSIONS_TABLE: sessions.name,
    IMAGES_BUCKET: objects.name,
    TEXT_FUNCTION_NAME: text.name,
    IMAGE_FUNCTION_NAME: image.name,
    DATA_FUNCTION_NAME: data.name,
    COGNITO_USER_POOL_ID: users.id,
    COGNITO_CLIENT_ID: users.clientId,
    COGNITO_JWKS_URL: users.jwksUrl,
    SEARCH_BASE_URL: searchBaseUrl,
    TTS_API_BASE_URL: ttsApiBaseUrl,
    TTS_API_KEY_SECRET_ARN: ttsKey.arn,
    LOG_LEVEL: 'info',
  };
  const task = new TaskDefinition(scope, 'agent-task', {
    naming,
    ...place,
    part: 'story-generator',
    containerName: 'story-42-agent',
    logGroupName: `/ecs/${project}-${environment}`,
    cpu: 512,
    memoryMiB: 1024,
    repository: repositories.agent,
    imageDigest,
    containerPort: AGENT_PORT,
    environment: variables,
    healthCheck: { command: nodeHealthCheck },
    logRetentionDays,
  });
  for (const called of [text, image, data]) called.grantInvoke(task.taskRole);
  grantInvokeModels(task.taskRole, [modelId], place);
  sessions.grant(task.taskRole, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query']);
  objects.grantRead(task.taskRole);
  objects.grantWrite(task.taskRole);
  googleKey.grantRead(task.taskRole);
  ttsKey.grantRead(task.taskRole);

  const loadBalancer = publicLoadBalancer(scope, foundation);
  const cluster = new Cluster(scope, 'cluster', {
    naming,
    part: 'ecs-cluster',
  });
  const service = new FargateService(scope, 'agent', {
    naming,
    part: 'story-generator',
    name: 'story-generator',
    cluster,
    taskDefinition: task,
    loadBalancer,
    desiredCount: ecsDesiredCount,
    autoscaling: settings.autoscaling,
  });
  return { cluster, service, url: agentUrl(settings, loadBalancer) };
}

/** Public; with a domain name it has one too, and a certificate for it, so that CloudFront asks it over TLS. */
function publicLoadBalancer(scope: Construct, foundation: Foundation): LoadBalancer {
  const { settings, naming, vpc, distribution } = foundation;
  const { domainName, hostedZoneId, deletionProtection } = settings;
  const originDomainName = domainName === undefined ? undefined : `origin.${domainName}`;
  const named =
    originDomainName === undefined || hostedZoneId === undefined
      ? undefined
      : { domainName: originDomainName, hostedZoneId };
  const certificate = named === undefined ? undefined : new Certificate(scope, 'origin-certificate', named);
  const loadBalancer = new LoadBalancer(scope, 'alb', {
    naming,
    vpc,
    scheme: 'internet-facing',
    idleTimeoutSeconds: AGENT_IDLE_SECONDS,
    certificateArn: certificate?.arn,
    deletionProtection,
  });
  if (named !== undefined) {
    new AliasRecord(scope, 'origin-name', {
      ...named,
      target: loadBalancer.aliasTarget,
      ipv6: false,
    });
  }
  distribution.addLoadBalancerBehaviour({
    pathPattern: '/agent/*',
    loadBalancer,
    originDomainName,
    readTimeoutSeconds: AGENT_IDLE_SECONDS,
  });
  return loadBalancer;
}

function agentUrl({ domainName }: Story42Settings, loadBalancer: LoadBalancer): string {
  return domainName === undefined ? `http://${loadBalancer.dnsName}` : `https://origin.${domainName}`;
}
