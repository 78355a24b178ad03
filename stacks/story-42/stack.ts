/**
 * Story-42: a page on CloudFront, a REST API on container functions, and an agent on Fargate that turn a topic into an
 * illustrated story. Phase 1 has page, identity, network, data and repositories; phase 2 what runs images.
 */
import type { Construct } from 'constructs';
import type { Story42Settings } from '../../environments/story-42';
import { AccountLogging } from '../../modules/api/account-logging';
import { RestApi } from '../../modules/api/rest-api';
import { Table } from '../../modules/data/table';
import { Repository } from '../../modules/ecr/repository';
import { AliasRecord } from '../../modules/edge/alias-record';
import { Certificate, CLOUDFRONT_REGION } from '../../modules/edge/certificate';
import { Distribution } from '../../modules/edge/distribution';
import { UserPool } from '../../modules/identity/user-pool';
import { Naming } from '../../modules/naming/naming';
import { Vpc } from '../../modules/networking/vpc';
import { Secret } from '../../modules/secrets/secret';
import { Bucket } from '../../modules/storage/bucket';
import { storyRoutes } from '../../services/story-42/common/routes';
import { SluiceStack, type StackContext } from '../base';
import { storyAgent } from './agent';
import type { Foundation } from './foundation';
import { IMAGES, storyFunctions, type Functions } from './functions';

export class Story42Stack extends SluiceStack {
  constructor(scope: Construct, context: StackContext, settings: Story42Settings) {
    super(scope, { context, settings });
    const { account, environment } = context;
    const { region, deletionProtection, forceDelete } = settings;
    const naming = new Naming({ project: settings.project, environment, environmentAt: 'end' });

    const bucket = { naming, forceDestroy: forceDelete, deletionProtection };
    const site = new Bucket(this, 'site', { ...bucket, part: 'static' });
    const distribution = this.#edge(naming, settings, site);
    const users = new UserPool(this, 'users', { naming, region, groups: ['admin', 'author'], deletionProtection });
    const vpc = new Vpc(this, 'network', {
      naming,
      account,
      cidrBlock: settings.cidrBlock,
      availabilityZones: settings.availabilityZones,
      tiers: ['public'],
    });
    const sessions = new Table(this, 'sessions', {
      naming,
      part: 'story-sessions',
      partitionKey: { name: 'session_id' },
      globalIndexes: [{ name: 'owner-index', partitionKey: { name: 'owner_sub' }, sortKey: { name: 'updated_at' } }],
      ttlAttribute: 'expires_at',
      pointInTimeRecovery: settings.pointInTimeRecovery,
      deletionProtection,
    });
    const objects = new Bucket(this, 'objects', {
      ...bucket,
      part: 'story-images',
      // Stories and audio stay as long as their session.
      expirations: [{ prefix: IMAGES, days: settings.imageExpiryDays }],
      cors: { allowOrigins: [settings.domainName === undefined ? '*' : distribution.url] },
    });
    const secret = { naming, recoveryWindowDays: settings.secretRecoveryDays, deletionProtection };
    const googleKey = new Secret(this, 'google-key', {
      ...secret,
      part: 'google-api-key',
      description: 'Key of the Google generative API, which draws the images',
    });
    const ttsKey = new Secret(this, 'tts-key', {
      ...secret,
      part: 'tts-api-key',
      description: 'Key of the Tech42 speech API',
    });
    const repository = (id: string, part: string): Repository =>
      new Repository(this, id, { naming, part, mutableTags: true, forceDelete, deletionProtection });
    const repositories = {
      text: repository('text-repository', 'lambda'),
      image: repository('image-repository', 'story-image-lambda'),
      data: repository('data-repository', 'data-ops-lambda'),
      agent: repository('agent-repository', 'story-generator'),
    };

    this.output('cloudfront_domain_name', 'Where the page is', distribution.domainName);
    this.output('static_bucket_name', "Bucket of the page's files", site.name);
    this.output('cognito_user_pool_id', 'User pool of authors and administrators', users.id);
    this.output('cognito_client_id', 'App client of the page and of command lines', users.clientId);
    this.output('sessions_table_name', 'Table of story sessions', sessions.name);
    this.output('s3_bucket_name', 'Bucket of stories, images and audio', objects.name);
    this.output('lambda_ecr_repository_url', "Repository of the text function's image", repositories.text.url);
    this.output('image_lambda_ecr_repository_url', "Repository of the image function's image", repositories.image.url);
    this.output('data_ops_ecr_repository_url', "Repository of the data function's image", repositories.data.url);
    this.output('ecs_ecr_repository_url', "Repository of the agent's image", repositories.agent.url);

    const made = { vpc, sessions, objects, distribution, users, googleKey, ttsKey, repositories };
    const foundation: Foundation = { settings, environment, naming, place: { account, region }, ...made };
    this.whenImagesReady((images) => {
      const functions = storyFunctions(this, foundation, images);
      const api = this.#api(foundation, functions);
      this.output('api_endpoint', 'Base URL of the REST API, its stage included', api.endpoint);
      if (!settings.ecsEnabled) return;
      const agent = storyAgent(this, foundation, { functions, api }, images['story-generator'] ?? '');
      this.output('ecs_service_endpoint', 'Address of the load balancer in front of the agent', agent.url);
      this.output('ecs_cluster_name', 'ECS cluster of the agent', agent.cluster.name);
      this.output('ecs_service_name', 'ECS service of the agent', agent.service.name);
    });
  }

  /** CloudFront in front of the page; with a domain name its certificate and records too. */
  #edge(naming: Naming, settings: Story42Settings, siteBucket: Bucket): Distribution {
    const { region, domainName, hostedZoneId } = settings;
    const named = domainName === undefined || hostedZoneId === undefined ? undefined : { domainName, hostedZoneId };
    const certificate =
      named === undefined ? undefined : new Certificate(this, 'certificate', { ...named, region: CLOUDFRONT_REGION });
    const distribution = new Distribution(this, 'distribution', {
      naming,
      siteBucket,
      domainName,
      certificateArn: certificate?.arn,
      // Wildcards, as the API comes with phase 2 and the page's headers stand before.
      contentSecurityPolicy: [
        "default-src 'self'",
        `connect-src 'self' https://*.execute-api.${region}.amazonaws.com https://cognito-idp.${region}.amazonaws.com`,
        `img-src 'self' data: https://*.s3.${region}.amazonaws.com`,
        `media-src 'self' https://*.s3.${region}.amazonaws.com`,
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
      ].join('; '),
    });
    if (named !== undefined) new AliasRecord(this, 'site-name', { ...named, target: distribution.aliasTarget });
    return distribution;
  }

  #api({ settings, environment, naming, users }: Foundation, { text, image, data }: Functions): RestApi {
    const served = { 'story-text-regen': text, 'story-image-regen': image, 'data-ops': data };
    return new RestApi(this, 'api', {
      naming,
      stageName: environment,
      authorizer: { userPool: users },
      cors: {},
      routes: storyRoutes.map(({ method, path, service }) => ({ method, path, function: served[service] })),
      throttling: settings.throttling,
      logRetentionDays: settings.logRetentionDays,
      accountLogging: new AccountLogging(this, 'api-logging', { naming }),
    });
  }
}
