/** Executions of the build pipeline: named after their build, so that a start that is repeated starts nothing twice. */
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { faultName } from '../../common/bedrock/faults';
import type { BuildFailure, BuildRecord, BuildSpec } from '../common/builds';
import { specObjectKey } from '../common/keys';

/** ECS takes 8192 characters for all overrides of a task; the specification is one of them, as a JSON string. */
export const INLINE_SPEC_CHARACTERS = 6_000;

export interface PipelineOptions {
  readonly states: SFNClient;
  readonly objects: S3Client;
  readonly stateMachineArn: string;
  readonly bucket: string;
}

/** What an execution is started with. */
export interface ExecutionInput {
  readonly buildId: string;
  readonly orgId: string;
  readonly userId: string;
  readonly request: string;
  /** `{specKey}` where it is too large to be handed on. */
  readonly spec: BuildSpec;
  readonly conversationId?: string;
}

export class Pipeline {
  readonly #options: PipelineOptions;

  constructor(options: PipelineOptions) {
    this.#options = options;
  }

  executionArn(buildId: string): string {
    return `${this.#options.stateMachineArn.replace(':stateMachine:', ':execution:')}:${buildId}`;
  }

  /** May be repeated. Resolves with the execution's ARN. */
  async start(record: BuildRecord): Promise<string> {
    const { buildId, orgId, userId, request, conversationId } = record;
    const spec = await this.#handedOn(record);
    const input: ExecutionInput = {
      buildId,
      orgId,
      userId,
      request,
      spec,
      ...(conversationId !== undefined && { conversationId }),
    };
    try {
      const command = new StartExecutionCommand({
        stateMachineArn: this.#options.stateMachineArn,
        name: buildId,
        input: JSON.stringify(input),
      });
      const { executionArn } = await this.#options.states.send(command);
      return executionArn ?? this.executionArn(buildId);
    } catch (error) {
      // Somebody else started it, and it has ended already.
      if (faultName(error) === 'ExecutionAlreadyExists') return this.executionArn(buildId);
      throw error;
    }
  }

  /** Harmless for an execution that has ended or never was. */
  async stop(buildId: string, { error, cause }: BuildFailure): Promise<void> {
    try {
      const executionArn = this.executionArn(buildId);
      await this.#options.states.send(new StopExecutionCommand({ executionArn, error, cause }));
    } catch (fault) {
      if (faultName(fault) !== 'ExecutionDoesNotExist') throw fault;
    }
  }

  async #handedOn({ buildId, spec }: BuildRecord): Promise<BuildSpec> {
    const json = JSON.stringify(spec);
    if (JSON.stringify(json).length <= INLINE_SPEC_CHARACTERS) return spec;
    const specKey = specObjectKey(buildId);
    await this.#options.objects.send(
      new PutObjectCommand({
        Bucket: this.#options.bucket,
        Key: specKey,
        Body: json,
        ContentType: 'application/json',
      }),
    );
    return { specKey };
  }
}
