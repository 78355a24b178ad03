/**
 * Kickoff's environment variables: parsed once at start, and imported by the stack that sets them. Keep this file free of
 * anything but zod.
 */
import * as z from 'zod/mini';
import { parseEnvironment } from '../../common/environment';
import { artifactsBucket, buildsTable, commonVariables } from '../common/environment';

export const buildKickoffEnvironmentSchema = z.object({
  ...commonVariables,
  BUILDS_TABLE: buildsTable,
  STATE_MACHINE_ARN: z
    .string('the ARN of the state machine is required')
    .check(
      z.regex(
        /^arn:[^:]+:states:[^:]+:\d{12}:stateMachine:[^:]+$/,
        'the ARN of the state machine must be one of Step Functions',
      ),
    ),
  ARTIFACTS_BUCKET: artifactsBucket,
});
export type BuildKickoffEnvironment = z.output<typeof buildKickoffEnvironmentSchema>;

/** What the stack must pass, all of it and nothing else. */
export type BuildKickoffVariables = Readonly<Record<keyof BuildKickoffEnvironment, string>>;

export const parseBuildKickoffEnvironment = (
  variables: Readonly<Record<string, string | undefined>>,
): BuildKickoffEnvironment => parseEnvironment('build-kickoff', buildKickoffEnvironmentSchema, variables);
