/** Which ARNs a caller of Bedrock needs for the model id that it is configured with. Pure functions. */
import type { Grantee } from './policy';

export interface BedrockPlace {
  readonly region: string;
  readonly account: string;
}

/** Prefixes of cross-region inference profiles: the rest of the id names the model behind them. */
const profile = /^(us-gov|us|eu|apac|au|ca|jp|global)\.(.+)$/;

/**
 * A foundation model is itself. A system inference profile is itself and its model in whichever region it picks; no
 * list of regions stays true, so the region is open while the model stays named. An ARN (prompt router, application
 * profile, provisioned throughput) is itself: the models behind it must be named besides.
 */
export function bedrockModelArns(modelId: string, { region, account }: BedrockPlace): string[] {
  if (modelId.startsWith('arn:')) return [modelId];
  const model = profile.exec(modelId)?.[2];
  if (model === undefined) return [`arn:aws:bedrock:${region}::foundation-model/${modelId}`];
  return [
    `arn:aws:bedrock:${region}:${account}:inference-profile/${modelId}`,
    `arn:aws:bedrock:*::foundation-model/${model}`,
  ];
}

/** Converse and ConverseStream need these two actions and no more. */
export function grantInvokeModels(grantee: Grantee, modelIds: readonly string[], place: BedrockPlace): void {
  grantee.addToPolicy({
    sid: 'InvokeModels',
    actions: ['bedrock:InvokeModel', 'bedrock:InvokeModelWithResponseStream'],
    resources: [...new Set(modelIds.flatMap((modelId) => bedrockModelArns(modelId, place)))],
  });
}
