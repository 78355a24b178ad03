import { parseBuildKickoffEnvironment, type BuildKickoffVariables } from './environment';

const variables: BuildKickoffVariables = {
  ENVIRONMENT: 'dev',
  LOG_LEVEL: 'info',
  BUILDS_TABLE: 'b',
  STATE_MACHINE_ARN: 'arn:aws:states:us-west-2:123456789012:stateMachine:fable-dev-build-pipeline',
  ARTIFACTS_BUCKET: 'a',
};

test('takes what the stack sets', () => {
  expect(parseBuildKickoffEnvironment(variables)).toEqual(variables);
});

test('names what is missing or wrong, all of it', () => {
  expect(() => parseBuildKickoffEnvironment({ ...variables, BUILDS_TABLE: '', STATE_MACHINE_ARN: 'x' })).toThrow(
    'build-kickoff environment: 2 problems\n' +
      '- BUILDS_TABLE: the name of the builds table is empty\n' +
      '- STATE_MACHINE_ARN: the ARN of the state machine must be one of Step Functions',
  );
});
