/** Rows of WebSocket connections: who is at the other end. API Gateway closes a connection after two hours at the latest. */
import { DeleteCommand, GetCommand, PutCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/** An hour beyond API Gateway's own limit: a row may outlive its connection, never the reverse. */
const LIFETIME_SECONDS = 3 * 3_600;

export interface Connection {
  readonly connectionId: string;
  readonly userId: string;
  readonly orgId: string;
  /** ISO 8601, UTC. */
  readonly connectedAt: string;
  /** Seconds; the table's time to live. */
  readonly expiresAt: number;
}

export class ConnectionStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;

  constructor(client: DynamoDBDocumentClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async put(connectionId: string, userId: string, orgId: string, connectedAt: Date): Promise<Connection> {
    const connection: Connection = {
      connectionId,
      userId,
      orgId,
      connectedAt: connectedAt.toISOString(),
      expiresAt: Math.floor(connectedAt.getTime() / 1_000) + LIFETIME_SECONDS,
    };
    await this.#client.send(new PutCommand({ TableName: this.#table, Item: connection }));
    return connection;
  }

  async get(connectionId: string): Promise<Connection | undefined> {
    const { Item } = await this.#client.send(
      new GetCommand({ TableName: this.#table, Key: { connectionId }, ConsistentRead: true }),
    );
    return Item as Connection | undefined;
  }

  /** Harmless when there is none. */
  async delete(connectionId: string): Promise<void> {
    await this.#client.send(new DeleteCommand({ TableName: this.#table, Key: { connectionId } }));
  }
}
