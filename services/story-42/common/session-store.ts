/**
 * Sessions in DynamoDB: one item each, guarded by `revision`. When an item would come near DynamoDB's limit, the text of
 * its segments moves to an object of its own and the item keeps its key (`text_key`). Only the owner ever sees a session.
 */
import {
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  type DynamoDBDocumentClient,
} from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { faultName, isThrottling } from '../../common/bedrock/faults';
import { conflict, invalid, sessionNotFound, StoryError } from './errors';
import { textKey, type StoryObjects } from './objects';
import {
  sessionSchema,
  sessionSummarySchema,
  type Job,
  type Segment,
  type Session,
  type SessionSummary,
} from './schemas';
import { expiryOf, withLostJob } from './session';

export const OWNER_INDEX = 'owner-index';
/** The agent keeps its conversations in the same table, under keys that are no session's. */
export const conversationKey = (sessionId: string): string => `chat#${sessionId}`;
/** "Text above 350 KB lives only in S3"; an item ends at 400 KB. */
export const ITEM_BYTES = 350 * 1024;
const WRITES = 8;

/** As in the table. A session with `text_key` has empty texts here. */
const itemSchema = z.extend(sessionSchema, { text_key: z.nullable(z.string()), segment_count: z.int() });
type Item = z.output<typeof itemSchema>;

const listedSchema = z.extend(sessionSummarySchema, {
  error: z.nullable(z.unknown()),
  job: sessionSchema.shape.job,
  expires_at: z.int(),
});
const textsSchema = z.record(z.string(), z.string());
const cursorSchema = z.strictObject({ u: z.iso.datetime(), s: z.uuid() });

interface Loaded {
  readonly session: Session;
  readonly textKey: string | null;
}

export interface SessionPage {
  readonly sessions: readonly SessionSummary[];
  readonly nextCursor: string | null;
}

export interface SessionStoreOptions {
  readonly client: DynamoDBDocumentClient;
  readonly table: string;
  readonly objects: Pick<StoryObjects, 'put' | 'getText'>;
  /**
   * Whether text that lives in S3 is read. If not, it reads as empty and stays where it is, whatever is changed: for
   * functions that have nothing to do with it.
   * @default true
   */
  readonly texts?: boolean;
  /** @default - the clock */
  readonly now?: () => Date;
}

export class SessionStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #objects: Pick<StoryObjects, 'put' | 'getText'>;
  readonly #texts: boolean;
  readonly now: () => Date;

  constructor({ client, table, objects, texts = true, now = () => new Date() }: SessionStoreOptions) {
    this.#client = client;
    this.#table = table;
    this.#objects = objects;
    this.#texts = texts;
    this.now = now;
  }

  /** @throws StoryError `session_not_found`, too, when it is somebody else's. */
  async get(sessionId: string, ownerSub: string): Promise<Session> {
    const session = await this.find(sessionId, ownerSub);
    if (!session) throw sessionNotFound(sessionId);
    return session;
  }

  /** Undefined when there is none. @throws StoryError `session_not_found` when it is somebody else's. */
  async find(sessionId: string, ownerSub: string): Promise<Session | undefined> {
    return (await this.#load(sessionId, ownerSub))?.session;
  }

  async create(session: Session): Promise<Session> {
    try {
      return await this.#write({ ...session, revision: 1 }, undefined, null);
    } catch (error) {
      if (isConflict(error)) throw conflict(`session ${session.session_id} exists already`, error);
      throw error;
    }
  }

  /** Only on the revision that `session` has. @throws StoryError `conflict` when somebody was faster. */
  async save(session: Session): Promise<Session> {
    if (!this.#texts) throw new Error('a store without texts saves by `change` only');
    return this.#replace(session, null);
  }

  /**
   * Reads, changes, saves, and starts anew when somebody was faster: `change` is called on what is there at that moment and
   * may throw. What it returns must follow from what it is given alone.
   */
  async change(sessionId: string, ownerSub: string, change: (session: Session) => Session): Promise<Session> {
    for (let write = 1; ; write += 1) {
      const loaded = await this.#load(sessionId, ownerSub);
      if (!loaded) throw sessionNotFound(sessionId);
      const changed = change(loaded.session);
      if (changed === loaded.session) return changed;
      try {
        return await this.#replace(changed, this.#texts ? null : loaded.textKey);
      } catch (error) {
        if (!(error instanceof StoryError && error.code === 'conflict') || write === WRITES) throw error;
        await delay(Math.random() * 15 * 2 ** write);
      }
    }
  }

  /** With what has been said about it to the agent. */
  async delete(sessionId: string, ownerSub: string): Promise<void> {
    const deletion = (key: string, owner: string) =>
      new DeleteCommand({
        TableName: this.#table,
        Key: { session_id: key },
        ConditionExpression: `attribute_not_exists(session_id) OR ${owner} = :owner`,
        ExpressionAttributeValues: { ':owner': ownerSub },
      });
    try {
      await this.#client.send(deletion(conversationKey(sessionId), 'chat_owner'));
      await this.#client.send(deletion(sessionId, 'owner_sub'));
    } catch (error) {
      if (isConflict(error)) throw sessionNotFound(sessionId);
      rethrow(error);
    }
  }

  /** Newest change first. */
  async list(ownerSub: string, limit: number, cursor?: string): Promise<SessionPage> {
    const now = this.now();
    const found: SessionSummary[] = [];
    let start = cursor === undefined ? undefined : keyOf(ownerSub, cursor);
    do {
      const command = new QueryCommand({
        TableName: this.#table,
        IndexName: OWNER_INDEX,
        KeyConditionExpression: 'owner_sub = :owner',
        FilterExpression: 'expires_at > :now',
        ProjectionExpression:
          'session_id, #status, title, topic, segment_count, revision, created_at, updated_at, #job, #error, expires_at',
        ExpressionAttributeNames: { '#status': 'status', '#job': 'job', '#error': 'error' },
        ExpressionAttributeValues: { ':owner': ownerSub, ':now': seconds(now) },
        ScanIndexForward: false,
        Limit: limit - found.length,
        ExclusiveStartKey: start,
      });
      const { Items = [], LastEvaluatedKey } = await this.#client.send(command).catch(rethrow);
      for (const item of Items) {
        const {
          error: _error,
          job: _job,
          expires_at: _expires,
          ...summary
        } = withLostJob(
          listedSchema.parse(item) as z.output<typeof listedSchema> & { job: Job | null; error: Session['error'] },
          now,
        );
        found.push(summary);
      }
      start = LastEvaluatedKey;
    } while (start !== undefined && found.length < limit);
    const last = found.at(-1);
    return { sessions: found, nextCursor: start === undefined || !last ? null : cursorOf(last) };
  }

  async #load(sessionId: string, ownerSub: string): Promise<Loaded | undefined> {
    const command = new GetCommand({ TableName: this.#table, Key: { session_id: sessionId }, ConsistentRead: true });
    const { Item: stored } = await this.#client.send(command).catch(rethrow);
    if (stored === undefined) return undefined;
    const { text_key: textKey, segment_count: _count, ...session } = itemSchema.parse(stored);
    // DynamoDB removes expired items only within days.
    if (session.expires_at <= seconds(this.now())) return undefined;
    if (session.owner_sub !== ownerSub) throw sessionNotFound(sessionId);
    const segments = await this.#withText(session.segments, textKey);
    return { session: withLostJob({ ...session, segments }, this.now()), textKey };
  }

  async #withText(segments: Segment[], textKey: string | null): Promise<Segment[]> {
    if (textKey === null || !this.#texts) return segments;
    const texts = textsSchema.parse(JSON.parse(await this.#objects.getText(textKey)));
    return segments.map((segment) => ({ ...segment, text: texts[segment.segment_id] ?? '' }));
  }

  async #replace(session: Session, textKey: string | null): Promise<Session> {
    try {
      return await this.#write({ ...session, revision: session.revision + 1 }, session.revision, textKey);
    } catch (error) {
      if (isConflict(error)) throw conflict('the session has been changed meanwhile; read it again', error);
      throw error;
    }
  }

  /** `textKey`: where the text is already; null when it comes with the session. */
  async #write(session: Session, expected: number | undefined, textKey: string | null): Promise<Session> {
    const now = this.now();
    const stored: Session = {
      ...session,
      segments: session.segments.map(({ image_url: _image, audio_url: _audio, ...segment }) => segment),
      updated_at: now.toISOString(),
      expires_at: expiryOf(now),
    };
    const command = new PutCommand({
      TableName: this.#table,
      Item: textKey === null ? await this.#toItem(stored) : withoutText(stored, textKey),
      ...(expected === undefined
        ? { ConditionExpression: 'attribute_not_exists(session_id)' }
        : {
            ConditionExpression: 'revision = :expected AND owner_sub = :owner',
            ExpressionAttributeValues: { ':expected': expected, ':owner': session.owner_sub },
          }),
    });
    await this.#client.send(command).catch(rethrow);
    return stored;
  }

  /** The text goes to S3 before the item that points to it. */
  async #toItem(session: Session): Promise<Item> {
    const item: Item = { ...session, text_key: null, segment_count: session.segments.length };
    if (Buffer.byteLength(JSON.stringify(item)) <= ITEM_BYTES) return item;
    const key = textKey(session.session_id, session.revision, randomBytes(4).toString('hex'));
    const texts = Object.fromEntries(session.segments.map(({ segment_id, text }) => [segment_id, text]));
    const shortened = withoutText(session, key);
    if (Buffer.byteLength(JSON.stringify(shortened)) > ITEM_BYTES) {
      throw invalid('segments', 'headings and image prompts are too long together');
    }
    await this.#objects.put(key, JSON.stringify(texts), 'application/json');
    return shortened;
  }
}

const withoutText = (session: Session, text_key: string): Item => ({
  ...session,
  text_key,
  segment_count: session.segments.length,
  segments: session.segments.map((segment) => ({ ...segment, text: '' })),
});

const seconds = (now: Date) => Math.floor(now.getTime() / 1_000);
const isConflict = (error: unknown) => faultName(error) === 'ConditionalCheckFailedException';

const cursorOf = ({ updated_at, session_id }: SessionSummary): string =>
  Buffer.from(JSON.stringify({ u: updated_at, s: session_id })).toString('base64url');

/** Of the caller's own list, whatever the cursor says. */
function keyOf(ownerSub: string, cursor: string): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    value = undefined;
  }
  const parsed = cursorSchema.safeParse(value);
  if (!parsed.success) throw invalid('cursor', 'is not one that this API gave out');
  return { owner_sub: ownerSub, updated_at: parsed.data.u, session_id: parsed.data.s };
}

function rethrow(error: unknown): never {
  if (isThrottling(error)) {
    throw new StoryError('throttled', 'the sessions are busy; try again shortly', { cause: error });
  }
  throw error;
}
