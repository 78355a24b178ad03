import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, statements, synth } from '../testing';
import { Repository, type RepositoryProps } from './repository';

const base: RepositoryProps = { naming, part: 'web' };
const repository = (props: Partial<RepositoryProps> = {}) =>
  synth((stack) => new Repository(stack, 'repository', { ...base, ...props }));

describe('ecr.Repository', () => {
  it('scans on push, never moves a tag and keeps ten images', () => {
    const found = repository();
    const resource = found.only('aws_ecr_repository');
    expect(resource).toMatchObject({
      name: 'shop-test-web',
      image_tag_mutability: 'IMMUTABLE',
      image_scanning_configuration: { scan_on_push: true },
      encryption_configuration: [{ encryption_type: 'KMS' }],
      force_delete: false,
    });
    expect(resource['lifecycle']).toBeUndefined();
    expect(JSON.parse(found.only('aws_ecr_lifecycle_policy')['policy'])).toEqual({
      rules: [
        {
          rulePriority: 1,
          description: 'Keep the last 10 images',
          selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 10 },
          action: { type: 'expire' },
        },
      ],
    });
  });

  it('lets tags move only when asked to', () =>
    expect(repository({ mutableTags: true }).only('aws_ecr_repository')['image_tag_mutability']).toBe('MUTABLE'));

  it('may go with its images, or may not go at all', () => {
    expect(repository({ forceDelete: true }).only('aws_ecr_repository')['force_delete']).toBe(true);
    expect(repository({ deletionProtection: true }).only('aws_ecr_repository')['lifecycle']).toEqual({
      prevent_destroy: true,
    });
  });

  it('names images by digest and by nothing else', () => {
    synth((stack) => {
      const found = new Repository(stack, 'repository', base);
      expect(found.imageUri(`sha256:${'a'.repeat(64)}`)).toMatch(/@sha256:a{64}$/);
      expect(messageOf(() => found.imageUri('latest'))).toBe(
        'ecr.Repository at test/repository: 1 problem\n- digest is "latest"; allowed: sha256: and 64 hexadecimal digits',
      );
      expect(() => found.imageUri(`sha256:${'a'.repeat(63)}`)).toThrow('allowed: sha256: and 64 hexadecimal digits');
    });
  });

  it('grants pulling of this repository only', () => {
    const found = synth((stack) => {
      const role = new Role(stack, 'role', {
        naming,
        part: 'r',
        service: 'ecs-tasks.amazonaws.com',
        account,
        description: 'd',
      });
      new Repository(stack, 'repository', base).grantPull(role);
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])).toEqual([
      {
        Sid: 'PullImage',
        Effect: 'Allow',
        Action: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        Resource: [expect.stringMatching(/^\$\{aws_ecr_repository\.\w+\.arn\}$/)],
      },
      { Sid: 'LogInToRegistry', Effect: 'Allow', Action: ['ecr:GetAuthorizationToken'], Resource: ['*'] },
    ]);
  });

  it.each([0, 1001])('refuses to keep %d images', (keepImages) => {
    expect(messageOf(() => repository({ keepImages }))).toBe(
      `ecr.Repository at test/repository: 1 problem\n- keepImages is ${keepImages}; allowed: a whole number from 1 to 1000 images`,
    );
  });

  it.each([1, 1000])('keeps %d images', (keepImages) => expect(() => repository({ keepImages })).not.toThrow());

  it('passes every prop on', () => {
    expectPassThrough<RepositoryProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'api',
        keepImages: 5,
        mutableTags: true,
        forceDelete: true,
        deletionProtection: true,
      },
      (stack, props) => new Repository(stack, 'repository', props),
    );
  });
});
