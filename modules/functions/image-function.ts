/**
 * A Lambda function whose code is a container image, named by digest.
 *
 * Lambda pulls the image by a statement that it adds to the repository's policy itself when the function is made; the
 * account must be the repository's.
 */
import type { Construct } from 'constructs';
import { skipChecks } from '../checks/skip';
import type { Repository } from '../ecr/repository';
import { BaseFunction, type BaseFunctionProps } from './base-function';

export interface ImageFunctionProps extends BaseFunctionProps {
  readonly repository: Repository;
  /** `sha256:...` of the image in the repository, built for linux/amd64. */
  readonly imageDigest: string;
  /** 128 to 10240; CPU grows with it, one vCPU at 1769. Billed by the millisecond and by the size. @default 2048 */
  readonly memoryMiB?: number;
  /** Up to 900, Lambda's limit. A synchronous caller may give up sooner. @default 900 */
  readonly timeoutSeconds?: number;
}

export class ImageFunction extends BaseFunction {
  constructor(scope: Construct, id: string, props: ImageFunctionProps) {
    const { memoryMiB = 2048, timeoutSeconds = 900 } = props;
    super(
      scope,
      id,
      { ...props, memoryMiB, timeoutSeconds },
      {
        kind: 'functions.ImageFunction',
        code: () => ({
          packageType: 'Image',
          imageUri: props.repository.imageUri(props.imageDigest),
          architectures: ['x86_64'],
        }),
      },
    );
    skipChecks(this.resource, ['CKV_AWS_272'], {
      reason: 'code signing is for zip packages; an image is named by the digest of its bytes',
      owner: 'platform',
    });
  }
}
