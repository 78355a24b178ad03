import { environmentNames } from '../../environments/schema';
import { normalise, synthStack } from '../testing';

describe.each(environmentNames)('bootstrap-%s', (environment) => {
  const name = `bootstrap-${environment}`;
  const { stack, only, json } = synthStack(name);

  it('makes the bucket that the other stacks name', () => {
    expect(only('aws_s3_bucket')['bucket']).toBe(
      synthStack(`t3nets-${environment}`).json['terraform'].backend.s3.bucket,
    );
    expect(json['output'].state_bucket.description).toMatch(/states/);
  });

  it('keeps its own state in a file first, and in its bucket then', () => {
    expect(synthStack(name, { bootstrapBackend: 'local' }).json['terraform'].backend).toEqual({
      local: { path: 'bootstrap.tfstate' },
    });
    expect(json['terraform'].backend.s3).toMatchObject({
      bucket: only('aws_s3_bucket')['bucket'],
      key: `bootstrap/${environment}/terraform.tfstate`,
    });
  });

  it('has no gate', () => {
    expect(stack.facts).toMatchObject({
      system: 'bootstrap',
      phase: 2,
      waiting: { services: [], resources: [] },
      images: {},
    });
  });

  it('is what it was', () => expect(normalise(json)).toMatchSnapshot());
});

it('protects the states of prod', () => {
  expect(synthStack('bootstrap-prod').only('aws_s3_bucket')).toMatchObject({
    force_destroy: false,
    lifecycle: { prevent_destroy: true },
  });
  expect(synthStack('bootstrap-dev').only('aws_s3_bucket')['force_destroy']).toBe(true);
});
