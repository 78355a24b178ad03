/**
 * What the page of Story-42 talks to, in one process, for states that the real system cannot be brought into at will:
 * a token that expires now, a job that fails, a stream that breaks off. Requests are checked by the real schemas.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { bundleClient, type ClientFile } from '../../scripts/systems/story-42/client';
import { errorStatuses, type ErrorCode } from '../../services/story-42/common/errors';
import { storyRoutes } from '../../services/story-42/common/routes';
import { actionShapes, type Job, type Session } from '../../services/story-42/common/schemas';
import { newSession } from '../../services/story-42/common/session';
import { Pool } from './story-pool';
import { paintPng, toneWav } from './story-pictures';
import { outlineOf, segmentsOf, topicsOf } from './story-texts';

export interface Fault {
  readonly status: number;
  readonly code?: ErrorCode;
  readonly message?: string;
  readonly fields?: readonly { field: string; message: string }[];
}

export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
}

type Event = readonly [name: string, data: object];

export class StoryBackend {
  readonly pool = new Pool();
  readonly sessions = new Map<string, Session>();
  readonly seen: Seen[] = [];
  /** By route, such as `POST /generate-story`: the next answers instead of the real ones. */
  readonly faults = new Map<string, Fault[]>();
  /** The error in which the next job ends. */
  failJob: { code: string; message: string } | undefined;
  /** How many pictures of the next job cannot be made. */
  failPictures = 0;
  /** How many requests for a picture are refused, as those with an expired address are. */
  refusePictures = 0;
  jobMs = 300;
  /** What the agent sends for the next message, with a pause between; `break` ends the stream without an end. */
  agentEvents: readonly (Event | 'break')[] = [];
  /** What was said to the agent before. */
  messages: readonly object[] = [];
  hasAgent = true;
  #files: ClientFile[] = [];
  readonly #site: Server;
  readonly #cloud: Server;
  #painted = 0;

  constructor() {
    this.#site = createServer(
      (request, response) => void this.#serve(request, response, () => this.#answerSite(request, response)),
    );
    this.#cloud = createServer(
      (request, response) => void this.#serve(request, response, () => this.#answerCloud(request, response)),
    );
  }

  async start(): Promise<void> {
    for (const server of [this.#site, this.#cloud])
      await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const origins = [this.#cloudUrl];
    this.#files = await bundleClient({ connectOrigins: origins, mediaOrigins: origins });
  }

  async stop(): Promise<void> {
    for (const server of [this.#site, this.#cloud]) {
      server.closeAllConnections();
      await new Promise<void>((done) => server.close(() => done()));
    }
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#site.address() as AddressInfo).port}`;
  }

  get #cloudUrl(): string {
    return `http://127.0.0.1:${(this.#cloud.address() as AddressInfo).port}`;
  }

  fail(route: string, ...faults: Fault[]): void {
    this.faults.set(route, [...(this.faults.get(route) ?? []), ...faults]);
  }

  /** A finished story that needs no page to come about. */
  addStory(topic: string, { parts = 3, pictures = true } = {}): Session {
    const session = this.#new({ topic, genre: 'Adventure', audience: 'Children of 6 to 9' });
    this.#write(session, parts, pictures);
    session.status = 'complete';
    return session;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, answer: () => Promise<void>): Promise<void> {
    try {
      await answer();
    } catch (error) {
      if (!response.headersSent)
        json(response, 500, { error: { code: 'internal', message: String(error), request_id: 'stand-in' } });
      else response.destroy();
    }
  }

  // ---- as the distribution: page, configuration, agent -------------------------------------------------------------

  async #answerSite(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url!, this.url).pathname;
    if (path === '/config.json')
      return json(response, 200, {
        region: 'us-west-2',
        apiUrl: `${this.#cloudUrl}/dev`,
        userPoolId: 'us-west-2_test',
        clientId: this.pool.clientId,
        cognitoUrl: `${this.#cloudUrl}/`,
        ...(this.hasAgent ? { agentUrl: '/agent' } : {}),
        version: '0.1.0+test',
      });
    if (path.startsWith('/agent/')) return this.#answerAgent(path, request, response);
    const found = this.#files.find((file) => `/${file.path}` === (path === '/' ? '/index.html' : path));
    if (found === undefined) return void response.writeHead(404).end();
    response
      .writeHead(200, { 'content-type': found.contentType, 'cache-control': found.cacheControl })
      .end(found.content);
  }

  async #answerAgent(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    this.seen.push({ method: request.method!, path, body });
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!this.pool.accepts(token))
      return this.#refuse(response, { status: 401, message: 'the token has expired' }, 'unauthorized');
    const fault = this.faults.get(`POST ${path}`)?.shift();
    if (fault !== undefined) return this.#refuse(response, fault);
    if (request.method === 'GET')
      return json(response, 200, { session_id: path.split('/').at(-1), messages: this.messages, story: null });
    if (path === '/agent/tts') {
      const key = `audio/${String(body['session_id'])}/${String(body['segment_id'])}.mp3`;
      return json(response, 200, { url: `${this.#cloudUrl}/bucket/${key}`, key, content_type: 'audio/mpeg' });
    }
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.write(': working\n\n');
    for (const event of this.agentEvents) {
      await sleep(25);
      if (event === 'break') break;
      response.write(`event: ${event[0]}\ndata: ${JSON.stringify(event[1])}\n\n`);
    }
    response.end();
  }

  // ---- as Cognito, the story API and the bucket ----------------------------------------------------------------------

  async #answerCloud(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('access-control-allow-origin', '*');
    if (request.method === 'OPTIONS')
      return void response
        .writeHead(204, {
          'access-control-allow-headers': '*, authorization',
          'access-control-allow-methods': 'GET,POST,PUT,DELETE',
        })
        .end();
    const url = new URL(request.url!, this.#cloudUrl);
    if (url.pathname === '/') {
      const target = String(request.headers['x-amz-target']).split('.').at(-1)!;
      const body = await read(request);
      this.seen.push({ method: 'COGNITO', path: target, body });
      const { status, answer } = this.pool.call(target, body);
      return json(response, status, answer);
    }
    if (url.pathname.startsWith('/bucket/')) {
      if (this.refusePictures > 0) {
        this.refusePictures -= 1;
        return void response.writeHead(403).end();
      }
      const audio = url.pathname.startsWith('/bucket/audio/');
      response.writeHead(200, { 'content-type': audio ? 'audio/wav' : 'image/png' });
      return void response.end(audio ? toneWav() : paintPng(Number(url.searchParams.get('seed'))));
    }
    return this.#answerApi(url, request, response);
  }

  async #answerApi(url: URL, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method!;
    const path = url.pathname.replace(/^\/dev/, '');
    const body = await read(request);
    this.seen.push({ method, path, body });
    // As the gateway answers: its own shape, and no request id in the body.
    if (!this.pool.accepts(request.headers.authorization))
      return json(response, 401, { message: 'The incoming token has expired' });
    const id = /^\/sessions\/(.+)$/.exec(path)?.[1];
    const pattern = id === undefined ? path : '/sessions/{session_id}';
    const fault = this.faults.get(`${method} ${pattern}`)?.shift();
    if (fault !== undefined) return this.#refuse(response, fault);
    const route = storyRoutes.find((candidate) => candidate.method === method && candidate.path === pattern);
    if (route === undefined) return json(response, 403, { message: 'Missing Authentication Token' });
    const shape = actionShapes[route.action];
    if ('request' in shape) {
      const parsed = shape.request.safeParse(body);
      if (!parsed.success)
        return this.#refuse(response, {
          status: 400,
          code: 'validation_error',
          fields: parsed.error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message })),
        });
    }
    if (route.action === 'list-sessions') return this.#list(response);
    if (id !== undefined) return this.#answerSession(id, method, body, response);
    return this.#start(route.action as Job['action'], body, response);
  }

  #list(response: ServerResponse): void {
    const sessions = [...this.sessions.values()]
      .sort((a, b) => (a.updated_at < b.updated_at ? 1 : -1))
      .map(({ session_id, status, title, topic, segments, revision, created_at, updated_at }) => ({
        session_id,
        status,
        title,
        topic,
        segment_count: segments.length,
        revision,
        created_at,
        updated_at,
      }));
    json(response, 200, { sessions, next_cursor: null, version: 'test' });
  }

  #answerSession(id: string, method: string, body: Record<string, unknown>, response: ServerResponse): void {
    const session = this.sessions.get(id);
    if (session === undefined)
      return this.#refuse(response, { status: 404, code: 'session_not_found', message: `there is no session ${id}` });
    if (method === 'DELETE') {
      this.sessions.delete(id);
      return void response.writeHead(204).end();
    }
    if (method === 'PUT') {
      if (body['revision'] !== session.revision)
        return this.#refuse(response, {
          status: 409,
          code: 'conflict',
          message: `the session is at revision ${session.revision}`,
        });
      for (const edit of (body['segments'] ?? []) as { segment_id: string }[])
        Object.assign(
          session.segments.find((segment) => segment.segment_id === edit.segment_id)!,
          edit,
        );
      if (typeof body['title'] === 'string') session.title = body['title'];
      session.revision += 1;
    }
    json(response, 200, { ...session, version: 'test' });
  }

  #start(action: Job['action'], body: Record<string, unknown>, response: ServerResponse): void {
    if (body['async'] !== true) throw new Error(`${action} was not asked for as a job`);
    const session = this.sessions.get(String(body['session_id'])) ?? this.#new(body);
    const now = new Date().toISOString();
    const job: Job = {
      job_id: randomUUID(),
      action,
      status: 'pending',
      created_at: now,
      started_at: now,
      finished_at: null,
      deadline: now,
      error: null,
    };
    Object.assign(session, { status: 'pending', job, error: null });
    const failure = this.failJob;
    this.failJob = undefined;
    setTimeout(() => {
      if (failure === undefined) this.#work(action, session, body);
      const error = failure ?? null;
      session.revision += 1;
      session.updated_at = new Date().toISOString();
      session.error = error;
      session.status = failure !== undefined ? 'failed' : session.segments.length > 0 ? 'complete' : 'draft';
      session.job = { ...job, ...session.job, status: failure === undefined ? 'complete' : 'failed', error };
    }, this.jobMs);
    json(response, 202, { session_id: session.session_id, job_id: job.job_id, status: 'pending', version: 'test' });
  }

  #work(action: Job['action'], session: Session, body: Record<string, unknown>): void {
    const segment = session.segments.find((item) => item.segment_id === body['segment_id']);
    if (action === 'generate-topics-ideas') session.topics = topicsOf(Number(body['count']));
    if (action === 'generate-story-outline') {
      session.topic = String(body['topic']);
      session.outline = outlineOf(Number(body['segment_count'] ?? 5));
      session.title = session.outline.title;
    }
    if (action === 'generate-story') {
      if (body['outline'] !== undefined) session.outline = body['outline'] as Session['outline'];
      this.#write(session, session.outline!.segments.length, body['with_images'] === true);
    }
    if (action === 'regenerate-segment')
      Object.assign(segment!, {
        text: `Rewritten: ${String(body['instruction'] ?? 'another version')}. The lamp was lit all the same.`,
        revision: segment!.revision + 1,
      });
    if (action === 'regenerate-segment-image') this.#paint(segment!, session.session_id);
    if (action === 'generate-story-image') this.#paintAll(session);
  }

  #paintAll(session: Session): void {
    const missing = session.segments.filter(({ image_key }) => image_key === null);
    const failing = missing.splice(0, this.failPictures);
    this.failPictures = 0;
    for (const segment of missing) this.#paint(segment, session.session_id);
    const failed = failing.map(({ segment_id }) => ({
      segment_id,
      code: 'image_provider_error',
      message: 'the image service refused',
    }));
    session.job = { ...session.job!, failed };
  }

  #new(facts: Record<string, unknown>): Session {
    const { topic, audience, genre, language } = facts as Record<string, string | undefined>;
    const session = {
      ...newSession({ ownerSub: 'author', topic, audience, genre, language }, new Date()),
      revision: 1,
    };
    this.sessions.set(session.session_id, session);
    return session;
  }

  #write(session: Session, parts: number, pictures: boolean): void {
    session.outline ??= outlineOf(parts);
    session.title = session.outline.title;
    session.segments = segmentsOf(session.outline);
    if (pictures) for (const segment of session.segments) this.#paint(segment, session.session_id);
  }

  #paint(segment: Session['segments'][number], sessionId: string): void {
    const key = `images/${sessionId}/${segment.segment_id}/${++this.#painted}.png`;
    Object.assign(segment, { image_key: key, image_url: `${this.#cloudUrl}/bucket/${key}?seed=${this.#painted}` });
  }

  #refuse(response: ServerResponse, fault: Fault, code?: string): void {
    const known = Object.entries(errorStatuses).find(([, status]) => status === fault.status)?.[0];
    json(response, fault.status, {
      error: {
        code: code ?? fault.code ?? known,
        message: fault.message ?? 'refused by the stand-in',
        request_id: `req-${fault.status}-${randomUUID().slice(0, 8)}`,
        ...(fault.fields && { fields: fault.fields }),
      },
    });
  }
}

async function read(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
