/** For the tests of what calls functions: a function with the least that it needs. */
import type { TerraformStack } from 'cdktf';
import { Repository } from '../ecr/repository';
import { account, naming } from '../testing';
import { ImageFunction, type ImageFunctionProps } from './image-function';

export const digest = `sha256:${'a'.repeat(64)}`;

export const functionProps = (stack: TerraformStack, part = 'writer'): ImageFunctionProps => ({
  naming,
  part,
  account,
  region: 'us-west-2',
  repository: new Repository(stack, `${part}-repository`, { naming, part }),
  imageDigest: digest,
  logRetentionDays: 14,
});

export const imageFunction = (stack: TerraformStack, part = 'writer', props: Partial<ImageFunctionProps> = {}) =>
  new ImageFunction(stack, part, { ...functionProps(stack, part), ...props });
