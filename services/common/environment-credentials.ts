/**
 * Takes the place of the AWS SDK's own chain of credential providers in functions (service.json, `replace`): Lambda gives
 * its credentials in the environment and nowhere else, and the rest of the chain is a sixth of a function's bundle.
 */

export interface EnvironmentCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Under the name that SDK clients import. */
export const defaultProvider = () => async (): Promise<EnvironmentCredentials> => {
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = process.env;
  if (!accessKeyId || !secretAccessKey) {
    throw new Error('there are no AWS credentials in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)');
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
};
