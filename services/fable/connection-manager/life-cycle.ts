/**
 * Notes who connects and forgets who leaves. It never posts: a connection that is still opening takes no frames, and one
 * that closes is gone.
 */
import * as z from 'zod/mini';
import type { Logger } from '../../common/logger';
import type { ConnectionStore } from '../common/connections';
import { FableError, validated } from '../common/errors';
import { orgIdSchema, userIdSchema } from '../common/ids';

/** As much of API Gateway's WebSocket event as is read. */
export interface LifeCycleEvent {
  readonly requestContext: { readonly routeKey: string; readonly connectionId: string };
  readonly queryStringParameters?: Readonly<Record<string, string | undefined>> | null;
}

export interface LifeCycleAnswer {
  readonly statusCode: number;
  readonly body: string;
}

export interface LifeCycleOptions {
  readonly connections: Pick<ConnectionStore, 'put' | 'delete'>;
  readonly logger: Logger;
  /** @default - the clock */
  readonly now?: () => Date;
}

const claimsSchema = z.object({ userId: userIdSchema, orgId: orgIdSchema });

export async function handleLifeCycle(
  { connections, logger, now = () => new Date() }: LifeCycleOptions,
  event: LifeCycleEvent,
): Promise<LifeCycleAnswer> {
  const { routeKey, connectionId } = event.requestContext;
  const log = logger.child({ connectionId });
  switch (routeKey) {
    case '$connect':
      try {
        const { userId, orgId } = validated(claimsSchema, event.queryStringParameters ?? {});
        await connections.put(connectionId, userId, orgId, now());
      } catch (error) {
        if (!(error instanceof FableError)) throw error;
        const { code, message, issues } = error;
        log.info({ issues }, 'refused');
        return { statusCode: 400, body: JSON.stringify({ type: 'error', code, message, issues }) };
      }
      log.info('connected');
      return { statusCode: 200, body: '' };
    case '$disconnect':
      await connections.delete(connectionId);
      log.info('disconnected');
      return { statusCode: 200, body: '' };
    default:
      throw new Error(`route ${routeKey} is not one of the connection manager's`);
  }
}
