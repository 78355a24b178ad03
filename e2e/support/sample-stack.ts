/** An ECS service behind a load balancer and an HTTP API with a VPC link, made by plain API calls: seconds instead of minutes. */
import {
  ApiGatewayV2Client,
  CreateApiCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  CreateStageCommand,
  CreateVpcLinkCommand,
} from '@aws-sdk/client-apigatewayv2';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import {
  CreateClusterCommand,
  CreateServiceCommand,
  DescribeServicesCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
  type Service,
} from '@aws-sdk/client-ecs';
import {
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { CloudEnvironment } from '../../scripts/local/client';

export interface Sample {
  readonly apiEndpoint: string;
  readonly targetGroup: string;
  readonly apiId: string;
}

const names = { cluster: 'sample', service: 'web', repository: 'sample' } as const;

export function sampleClients({ region, endpoint, credentials }: CloudEnvironment) {
  const settings = { region, endpoint, credentials };
  return {
    ecs: new ECSClient(settings),
    ecr: new ECRClient(settings),
    balancing: new ElasticLoadBalancingV2Client(settings),
    api: new ApiGatewayV2Client(settings),
  };
}

export async function createRepository(cloud: CloudEnvironment): Promise<string> {
  await sampleClients(cloud).ecr.send(new CreateRepositoryCommand({ repositoryName: names.repository }));
  return names.repository;
}

async function taskDefinition(cloud: CloudEnvironment, digest: string): Promise<string> {
  const { taskDefinition: made } = await sampleClients(cloud).ecs.send(
    new RegisterTaskDefinitionCommand({
      family: names.service,
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [
        {
          name: names.service,
          image: `${cloud.account}.dkr.ecr.${cloud.region}.amazonaws.com/${names.repository}@${digest}`,
          essential: true,
          stopTimeout: 20,
          portMappings: [{ containerPort: 8080 }],
          healthCheck: {
            command: [
              'CMD',
              'node',
              '-e',
              "fetch('http://localhost:8080/health').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))",
            ],
            interval: 30,
          },
          logConfiguration: {
            logDriver: 'awslogs',
            options: {
              'awslogs-group': '/ecs/sample',
              'awslogs-region': cloud.region,
              'awslogs-stream-prefix': 'web',
              'awslogs-create-group': 'true',
            },
          },
        },
      ],
    }),
  );
  return made?.taskDefinitionArn ?? '';
}

export async function createSample(cloud: CloudEnvironment, digest: string): Promise<Sample> {
  const { ecs, balancing, api } = sampleClients(cloud);
  const subnets = ['subnet-00000001', 'subnet-00000002'];
  const { TargetGroups } = await balancing.send(
    new CreateTargetGroupCommand({
      Name: 'sample',
      Port: 8080,
      Protocol: 'HTTP',
      TargetType: 'ip',
      VpcId: 'vpc-00000001',
      HealthCheckPath: '/health',
      UnhealthyThresholdCount: 2,
    }),
  );
  const targetGroup = TargetGroups?.[0]?.TargetGroupArn ?? '';
  const { LoadBalancers } = await balancing.send(
    new CreateLoadBalancerCommand({ Name: 'sample', Scheme: 'internet-facing', Subnets: subnets }),
  );
  const { Listeners } = await balancing.send(
    new CreateListenerCommand({
      LoadBalancerArn: LoadBalancers?.[0]?.LoadBalancerArn,
      Port: 80,
      Protocol: 'HTTP',
      DefaultActions: [{ Type: 'forward', TargetGroupArn: targetGroup }],
    }),
  );
  await ecs.send(new CreateClusterCommand({ clusterName: names.cluster }));
  await ecs.send(
    new CreateServiceCommand({
      cluster: names.cluster,
      serviceName: names.service,
      taskDefinition: await taskDefinition(cloud, digest),
      desiredCount: 1,
      launchType: 'FARGATE',
      healthCheckGracePeriodSeconds: 5,
      loadBalancers: [{ targetGroupArn: targetGroup, containerName: names.service, containerPort: 8080 }],
      networkConfiguration: { awsvpcConfiguration: { subnets } },
      deploymentConfiguration: {
        minimumHealthyPercent: 100,
        maximumPercent: 200,
        deploymentCircuitBreaker: { enable: true, rollback: true },
      },
    }),
  );
  const link = await api.send(
    new CreateVpcLinkCommand({ Name: 'sample', SubnetIds: subnets, SecurityGroupIds: ['sg-1'] }),
  );
  const made = await api.send(
    new CreateApiCommand({
      Name: 'sample',
      ProtocolType: 'HTTP',
      CorsConfiguration: { AllowOrigins: ['*'], AllowMethods: ['GET', 'POST', 'OPTIONS'], MaxAge: 300 },
    }),
  );
  const integration = await api.send(
    new CreateIntegrationCommand({
      ApiId: made.ApiId,
      IntegrationType: 'HTTP_PROXY',
      IntegrationMethod: 'ANY',
      ConnectionType: 'VPC_LINK',
      ConnectionId: link.VpcLinkId,
      IntegrationUri: Listeners?.[0]?.ListenerArn,
      PayloadFormatVersion: '1.0',
    }),
  );
  await api.send(
    new CreateRouteCommand({
      ApiId: made.ApiId,
      RouteKey: '$default',
      Target: `integrations/${integration.IntegrationId}`,
    }),
  );
  await api.send(new CreateStageCommand({ ApiId: made.ApiId, StageName: '$default', AutoDeploy: true }));
  return { apiEndpoint: made.ApiEndpoint ?? '', apiId: made.ApiId ?? '', targetGroup };
}

export async function deploySample(cloud: CloudEnvironment, digest: string): Promise<void> {
  const { ecs } = sampleClients(cloud);
  await ecs.send(
    new UpdateServiceCommand({
      cluster: names.cluster,
      service: names.service,
      taskDefinition: await taskDefinition(cloud, digest),
    }),
  );
}

export async function describeSample(cloud: CloudEnvironment): Promise<Service> {
  const { services } = await sampleClients(cloud).ecs.send(
    new DescribeServicesCommand({ cluster: names.cluster, services: [names.service] }),
  );
  if (!services?.[0]) throw new Error('the sample service is gone');
  return services[0];
}

/** Waits until the current deployment ended one way or the other. */
export async function settledSample(cloud: CloudEnvironment, seconds = 90): Promise<Service> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const service = await describeSample(cloud);
    const primary = service.deployments?.find(({ status }) => status === 'PRIMARY');
    if (primary?.rolloutState === 'COMPLETED') return service;
    if (Date.now() > end)
      throw new Error(
        `not settled: ${JSON.stringify(service.deployments)} ${JSON.stringify(service.events?.slice(0, 3))}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}
