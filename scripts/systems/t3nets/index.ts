import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SystemOperations } from '../operations';
import { requireOutput, serviceOf } from '../operations';
import { listTenantSecrets, removeSecrets } from './secrets';
import { seed } from './seed';
import { smoke } from './smoke';

export const t3netsOperations: SystemOperations = {
  endpoints: ['api_endpoint'],
  seed,
  smoke,
  tryIt: ({ api_endpoint }) => [
    `curl ${String(api_endpoint)}/api/health`,
    `curl ${String(api_endpoint)}/api/chat -H 'content-type: application/json' -d '{"message":"what is the sprint status?"}'`,
  ],
  services: (outputs) => serviceOf(outputs, 'cluster_name', 'service_name'),
  functions: () => ({}),
  logGroups: (project, environment) => ({
    router: `/ecs/${project}-${environment}-router`,
    api: `/aws/apigateway/${project}-${environment}-api`,
  }),
  leftovers: listTenantSecrets,
  removeLeftovers: removeSecrets,
  async inspect(context) {
    const dynamo = new DynamoDBClient(context.clients);
    const items: Record<string, number> = {};
    for (const output of ['conversations_table_name', 'tenants_table_name']) {
      const TableName = requireOutput(context, output);
      const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
      items[TableName] = Table?.ItemCount ?? 0;
    }
    return { items, secrets: await listTenantSecrets(context) };
  },
};
