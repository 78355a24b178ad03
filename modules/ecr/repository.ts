/** An ECR repository for one service: scanned on push, tags that do not move unless asked for, the last images kept. */
import { EcrLifecyclePolicy } from '@cdktf/provider-aws/lib/ecr-lifecycle-policy';
import { EcrRepository } from '@cdktf/provider-aws/lib/ecr-repository';
import { Token } from 'cdktf';
import { Construct } from 'constructs';
import { check, inRange } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { Naming } from '../naming/naming';

export interface RepositoryProps {
  readonly naming: Naming;
  /** Last part of the name: the service. */
  readonly part: string;
  /** How many images the lifecycle rule keeps. @default 10 */
  readonly keepImages?: number;
  /** Whether a tag such as `latest` may move, for people's commands. What is deployed names a digest. @default false */
  readonly mutableTags?: boolean;
  /** Whether destroy takes the repository with its images. @default false */
  readonly forceDelete?: boolean;
  /** Refuses deletion in Terraform. @default false */
  readonly deletionProtection?: boolean;
}

export class Repository extends Construct {
  readonly resource: EcrRepository;

  constructor(scope: Construct, id: string, props: RepositoryProps) {
    super(scope, id);
    const { keepImages = 10, mutableTags = false, forceDelete = false, deletionProtection = false } = props;
    check(this, 'ecr.Repository', [inRange('keepImages', keepImages, 1, 1000, 'images')]);
    this.resource = new EcrRepository(this, 'Resource', {
      name: props.naming.name('aws_ecr_repository', props.part),
      imageTagMutability: mutableTags ? 'MUTABLE' : 'IMMUTABLE',
      imageScanningConfiguration: { scanOnPush: true },
      // The AWS managed key: encryption with a key in KMS at no monthly price.
      encryptionConfiguration: [{ encryptionType: 'KMS' }],
      forceDelete,
      lifecycle: deletionProtection ? { preventDestroy: true } : undefined,
    });
    if (mutableTags) {
      skipChecks(this.resource, ['CKV_AWS_51'], {
        reason: 'people pull and inspect by tag; everything that is deployed names a digest, which no tag can move',
        owner: 'platform',
      });
    }
    new EcrLifecyclePolicy(this, 'Lifecycle', {
      repository: this.resource.name,
      policy: JSON.stringify({
        rules: [
          {
            rulePriority: 1,
            description: `Keep the last ${keepImages} images`,
            selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: keepImages },
            action: { type: 'expire' },
          },
        ],
      }),
    });
  }

  get url(): string {
    return this.resource.repositoryUrl;
  }

  /** The image with exactly these bytes. A tag would say which image is meant; a digest says which one it is. */
  imageUri(digest: string): string {
    check(this, 'ecr.Repository', [
      Token.isUnresolved(digest) || /^sha256:[0-9a-f]{64}$/.test(digest)
        ? undefined
        : `digest is ${JSON.stringify(digest)}; allowed: sha256: and 64 hexadecimal digits`,
    ]);
    return `${this.resource.repositoryUrl}@${digest}`;
  }

  grantPull(grantee: Grantee): void {
    grantee.addToPolicy({
      sid: 'PullImage',
      actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      resources: [this.resource.arn],
    });
    // The token is the registry's, not the repository's: AWS has no finer scope.
    grantee.addToPolicy({ sid: 'LogInToRegistry', actions: ['ecr:GetAuthorizationToken'], resources: ['*'] });
  }
}
