/** Sends frames to WebSocket connections through API Gateway's management API (`@connections`). */
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from '@aws-sdk/client-apigatewaymanagementapi';
import { faultName } from '../../common/bedrock/faults';
import type { ConnectionStore } from './connections';
import { FRAME_BYTES, jsonBytes, type Frame } from './frames';

/** `https://<api-id>.execute-api.<region>.amazonaws.com/<stage>` */
export const createManagementClient = (managementUrl: string): ApiGatewayManagementApiClient =>
  new ApiGatewayManagementApiClient({
    endpoint: managementUrl,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });

export interface PusherOptions {
  readonly client: ApiGatewayManagementApiClient;
  readonly connections: Pick<ConnectionStore, 'delete'>;
}

export class Pusher {
  readonly #client: ApiGatewayManagementApiClient;
  readonly #connections: Pick<ConnectionStore, 'delete'>;

  constructor({ client, connections }: PusherOptions) {
    this.#client = client;
    this.#connections = connections;
  }

  /** Resolves with whether the connection was still there; the row of one that was not is deleted. */
  async send(connectionId: string, frame: Frame): Promise<boolean> {
    const bytes = jsonBytes(frame);
    if (bytes >= FRAME_BYTES) throw new Error(`a frame "${frame.type}" of ${bytes} bytes is too large`);
    const Data = Buffer.from(JSON.stringify(frame));
    try {
      await this.#client.send(new PostToConnectionCommand({ ConnectionId: connectionId, Data }));
      return true;
    } catch (error) {
      if (!isGone(error)) throw error;
      await this.#connections.delete(connectionId);
      return false;
    }
  }
}

const isGone = (error: unknown): boolean =>
  faultName(error) === 'GoneException' ||
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 410;
