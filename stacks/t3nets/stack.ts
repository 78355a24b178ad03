/**
 * T3nets: Internet -> HTTP API -> VPC link -> internal load balancer -> Fargate router -> DynamoDB, Secrets Manager and
 * Bedrock. First what stands by itself, then, once the router's image exists, the way of a request read backwards.
 */
import type { Construct } from 'constructs';
import type { T3netsSettings } from '../../environments/t3nets';
import { HttpApi } from '../../modules/api/http-api';
import { Cluster } from '../../modules/compute/cluster';
import { nodeHealthCheck } from '../../modules/compute/container-health';
import { FargateService } from '../../modules/compute/fargate-service';
import { LoadBalancer } from '../../modules/compute/load-balancer';
import { TaskDefinition } from '../../modules/compute/task-definition';
import { Table } from '../../modules/data/table';
import { Repository } from '../../modules/ecr/repository';
import { grantInvokeModels } from '../../modules/iam/bedrock';
import { Naming } from '../../modules/naming/naming';
import { Vpc } from '../../modules/networking/vpc';
import { SecretPath } from '../../modules/secrets/secret-path';
import type { RouterOptionalVariables, RouterVariables } from '../../services/t3nets/router/environment';
import { SluiceStack, type StackContext } from '../base';

const ROUTER_PORT = 8080;

export class T3netsStack extends SluiceStack {
  constructor(scope: Construct, context: StackContext, settings: T3netsSettings) {
    super(scope, { context, settings });
    const { account, environment } = context;
    const { region, logRetentionDays, deletionProtection, pointInTimeRecovery } = settings;
    const naming = new Naming({ project: settings.project, environment });

    const vpc = new Vpc(this, 'network', {
      naming,
      account,
      cidrBlock: settings.cidrBlock,
      availabilityZones: settings.availabilityZones,
      egress: settings.egress,
      flowLogRetentionDays: settings.flowLogs ? logRetentionDays : undefined,
    });
    const key = { partitionKey: { name: 'pk' }, sortKey: { name: 'sk' }, ttlAttribute: 'ttl' };
    const protection = { pointInTimeRecovery, deletionProtection };
    const conversations = new Table(this, 'conversations', { naming, part: 'conversations', ...key, ...protection });
    const tenants = new Table(this, 'tenants', {
      naming,
      part: 'tenants',
      ...key,
      globalIndexes: [{ name: 'channel-mapping', partitionKey: { name: 'gsi1pk' } }],
      ...protection,
    });
    const secrets = new SecretPath(this, 'secrets', { naming, part: 'tenants', region, account });
    const repository = new Repository(this, 'repository', {
      naming,
      part: 'router',
      forceDelete: settings.forceDeleteRepository,
      deletionProtection,
    });

    this.output('ecr_url', "URL of the repository that the router's image is pushed to", repository.url);
    this.output('conversations_table_name', 'Table of conversations, by tenant, user and session', conversations.name);
    this.output('tenants_table_name', 'Table of tenants, their users and channels', tenants.name);
    this.output('secrets_prefix', "Path below which each tenant's secrets are kept", secrets.prefix);
    this.output(
      'secrets_policy_arn',
      'Policy that reads, creates and updates the secrets below the path',
      secrets.policyArn,
    );

    this.whenImagesReady(({ router: imageDigest = '' }) => {
      const cluster = new Cluster(this, 'cluster', { naming, containerInsights: settings.containerInsights });
      const alb = new LoadBalancer(this, 'alb', { naming, vpc, deletionProtection });
      const task = new TaskDefinition(this, 'task', {
        naming,
        part: 'router',
        account,
        region,
        cpu: settings.cpu,
        memoryMiB: settings.memoryMiB,
        repository,
        imageDigest,
        containerPort: ROUTER_PORT,
        environment: routerEnvironment(settings, {
          T3NETS_ENV: 'aws',
          AWS_REGION: region,
          BEDROCK_MODEL_ID: settings.modelId,
          DYNAMODB_CONVERSATIONS_TABLE: conversations.name,
          DYNAMODB_TENANTS_TABLE: tenants.name,
          SECRETS_PREFIX: secrets.prefix,
        }),
        healthCheck: { command: nodeHealthCheck },
        logRetentionDays,
      });
      conversations.grantReadWrite(task.taskRole);
      tenants.grantReadWrite(task.taskRole);
      grantInvokeModels(task.taskRole, models(settings), { region, account });
      task.taskRole.attach('Secrets', secrets.policyArn);
      const router = new FargateService(this, 'router', {
        naming,
        part: 'router',
        cluster,
        taskDefinition: task,
        loadBalancer: alb,
        desiredCount: settings.desiredCount,
        autoscaling: settings.autoscaling,
      });
      const api = new HttpApi(this, 'api', {
        naming,
        loadBalancer: alb,
        logRetentionDays,
        throttling: settings.throttling,
      });

      this.output('api_endpoint', 'Base URL of the HTTP API, without a slash at its end', api.endpoint);
      this.output('cluster_name', 'ECS cluster', cluster.name);
      this.output('service_name', 'ECS service of the router', router.name);
    });
  }
}

/** Exactly the six variables of the reference, and of the optional ones only those that the environment sets. */
function routerEnvironment(settings: T3netsSettings, variables: RouterVariables): Readonly<Record<string, string>> {
  const optional: RouterOptionalVariables = {
    ...(settings.conversationModelId === undefined
      ? {}
      : { BEDROCK_CONVERSATION_MODEL_ID: settings.conversationModelId }),
    ...(settings.formattingModelId === undefined ? {} : { BEDROCK_FORMATTING_MODEL_ID: settings.formattingModelId }),
    ...(settings.defaultTenantRequiresKey ? { DEFAULT_TENANT_REQUIRES_KEY: 'true' } : {}),
  };
  return { ...variables, ...optional };
}

function models(settings: T3netsSettings): string[] {
  const { modelId, conversationModelId, formattingModelId, routedModelIds = [] } = settings;
  return [modelId, conversationModelId, formattingModelId, ...routedModelIds].filter((id) => id !== undefined);
}
