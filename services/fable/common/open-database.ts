/** The database of a function's environment. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SecretValue } from '../../common/secret-value';
import { clientTimes } from './clients';
import { Database, type DatabaseOptions } from './database';

export interface DatabaseEnvironment {
  readonly AURORA_SECRET_ARN: string;
  readonly AURORA_ENDPOINT: string;
  readonly AURORA_PORT: string;
  readonly AURORA_DATABASE: string;
  readonly PGSSLMODE: DatabaseOptions['sslMode'];
}

export const openDatabase = (
  environment: DatabaseEnvironment,
  times: Pick<DatabaseOptions, 'patienceMilliseconds' | 'statementMilliseconds'> = {},
): Database =>
  new Database({
    secret: new SecretValue({
      client: new SecretsManagerClient({ maxAttempts: 3, requestHandler: clientTimes }),
      secretId: environment.AURORA_SECRET_ARN,
      what: 'the database secret',
    }),
    host: environment.AURORA_ENDPOINT,
    port: Number(environment.AURORA_PORT),
    database: environment.AURORA_DATABASE,
    sslMode: environment.PGSSLMODE,
    ...times,
  });
