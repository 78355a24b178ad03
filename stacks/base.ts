/** What every stack has: provider, state back end, tags, the gate, outputs, and facts about itself for the commands. */
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import {
  LocalBackend,
  S3Backend,
  TerraformOutput,
  TerraformResource,
  TerraformStack,
  type TerraformElement,
} from 'cdktf';
import type { Construct } from 'constructs';
import {
  stateBucketName,
  stateLockTableName,
  stateRegion,
  type CommonSettings,
  type Environment,
  type Target,
} from '../environments/schema';
import type { StackFacts } from '../environments/stack-facts';
import { skippedChecks, type SkippedCheck } from '../modules/checks/skip';
import { standardTags } from '../modules/naming/tags';
import { s3Backend } from '../modules/state/backend';
import { statefulTypes } from '../modules/stateful';
import type { Gate } from './gate';
import { ClosedGate, PhaseMarker } from './phase-guard';

export interface StackContext {
  readonly system: string;
  readonly environment: Environment;
  readonly target: Target;
  readonly account: string;
  readonly gate: Gate;
  /** Addresses of phase 2, while the gate is closed. */
  readonly waitingResources: readonly string[];
}

export interface SluiceStackProps {
  readonly context: StackContext;
  readonly settings: Pick<CommonSettings, 'project' | 'region' | 'stateBackend' | 'tags'>;
  /** A state beside the Terraform JSON, until the bucket exists. @default - the account's bucket */
  readonly localState?: string;
}

export class SluiceStack extends TerraformStack {
  readonly context: StackContext;
  readonly region: string;
  readonly #phase2: TerraformResource[] = [];

  constructor(scope: Construct, { context, settings, localState }: SluiceStackProps) {
    super(scope, `${context.system}-${context.environment}`);
    this.context = context;
    this.region = settings.region;
    new AwsProvider(this, 'aws', {
      region: settings.region,
      allowedAccountIds: [context.account],
      defaultTags: [
        {
          tags: standardTags({
            project: settings.project,
            system: context.system,
            environment: context.environment,
            stack: this.node.id,
            extra: settings.tags,
          }),
        },
      ],
    });
    // The bindings pin one exact provider; this one knows key_schema, and any later 6.x reads the same configuration.
    this.addOverride('terraform.required_providers.aws.version', '~> 6.34');
    if (localState === undefined) this.#remoteState(settings);
    else new LocalBackend(this, { path: localState });
  }

  /** Builds what needs images and what routes to it. While the gate is closed, guards against losing it instead. */
  protected whenImagesReady(build: (images: Readonly<Record<string, string>>) => void): void {
    const { system, environment, gate, waitingResources } = this.context;
    if (gate.phase === 1) {
      new ClosedGate(this, 'gate', { system, environment, waitingFor: gate.waitingFor, addresses: waitingResources });
      return;
    }
    const before = new Set(this.node.findAll());
    const marker = new PhaseMarker(this, 'phase', { system, environment });
    build(gate.images);
    for (const resource of this.#resources.filter((node) => !before.has(node))) {
      this.#phase2.push(resource);
      if (resource !== marker.resource)
        resource.dependsOn = [this.addressOf(marker.resource), ...(resource.dependsOn ?? [])];
    }
  }

  protected output(name: string, description: string, value: string): void {
    new TerraformOutput(this, name, { value, description, staticId: true });
  }

  addressOf(element: TerraformElement): string {
    const { terraformResourceType } = element as TerraformResource;
    return `${terraformResourceType}.${element.friendlyUniqueId}`;
  }

  /** Addresses of what the gate holds back; known only while it is open. */
  get phase2Addresses(): string[] {
    return this.#phase2.map((resource) => this.addressOf(resource)).sort();
  }

  get skippedChecks(): SkippedCheck[] {
    return skippedChecks(this, (element) => this.addressOf(element));
  }

  get facts(): StackFacts {
    const { system, environment, target, account, gate, waitingResources } = this.context;
    return {
      system,
      environment,
      account,
      region: this.region,
      target,
      phase: gate.phase,
      waiting: { services: gate.waitingFor, resources: waitingResources },
      stateful: this.#resources
        .filter((resource) => statefulTypes.has(resource.terraformResourceType))
        .map((resource) => this.addressOf(resource))
        .sort(),
      images: gate.images,
    };
  }

  get #resources(): TerraformResource[] {
    return this.node.findAll().filter((node): node is TerraformResource => TerraformResource.isTerraformResource(node));
  }

  #remoteState({ stateBackend }: SluiceStackProps['settings']): void {
    const { system, environment, account } = this.context;
    const region = stateRegion;
    const values = s3Backend({
      bucket: stateBucketName(account),
      region,
      key: `${system}/${environment}/terraform.tfstate`,
      lock: stateBackend.lock,
      lockTable: stateLockTableName(account),
    });
    new S3Backend(this, { bucket: String(values['bucket']), key: String(values['key']), region });
    // The class knows no lock file; the whole block is said once more.
    for (const [name, value] of Object.entries(values)) this.addOverride(`terraform.backend.s3.${name}`, value);
  }
}
