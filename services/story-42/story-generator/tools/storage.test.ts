import { sessionNotFound } from '../../common/errors';
import type { FunctionInvoker } from '../../common/invoker';
import type { Session } from '../../common/schemas';
import { newSession } from '../../common/session';
import { Turn } from '../agent/turn';
import { saveSession } from './functions';
import { loadSession, saveObject } from './storage';
import type { AgentTool } from './tool';

const ID = '6f6c1f5e-8a40-4f0b-9d6b-0f7f4b0f5a11';
const OTHER = '0b8a2a5e-1c3d-4e5f-8a9b-0c1d2e3f4a5b';
const now = new Date('2026-11-21T10:00:00.000Z');
const story: Session = { ...newSession({ sessionId: ID, ownerSub: 'una' }, now), revision: 2, title: 'Kelp' };

let created: string[];
let stored: Record<string, [body: unknown, type: string]>;
let turn: Turn;
const sessions = {
  get: async (id: string, owner: string) => {
    if (id !== ID || owner !== 'una') throw sessionNotFound(id);
    return story;
  },
};
const objects = { put: async (key: string, body: unknown, type: string) => void (stored[key] = [body, type]) };

const turnOf = (sub: string, hasStory: boolean) =>
  new Turn({
    caller: { principal: { sub, groups: ['author'], email: 'u@example.com' }, token: 't' },
    sessionId: ID,
    hasStory,
    sessions: {
      now: () => now,
      create: async (session) => {
        created.push(session.session_id);
        return session;
      },
    },
  });
beforeEach(() => {
  created = [];
  stored = {};
  turn = turnOf('una', true);
});
const run = (tool: AgentTool, input: object) => tool.bind(turn).run(input as never, AbortSignal.timeout(1_000));

test('load_session: the story of the conversation, or another of the same owner only', async () => {
  expect(await run(loadSession(sessions), {})).toMatchObject({ session_id: ID, revision: 2, title: 'Kelp' });
  await expect(run(loadSession(sessions), { session_id: OTHER })).rejects.toThrow('session_not_found');
  turn = turnOf('olga', true);
  await expect(run(loadSession(sessions), { session_id: ID })).rejects.toThrow('session_not_found');
});

test('save_object: below the session, with its type; several at once make one session', async () => {
  turn = turnOf('una', false);
  const save = (name: string) => run(saveObject({ sessions, objects }), { name, content: 'x' });
  expect(await Promise.all([save('notes.md'), save('cast.json')])).toEqual([
    { key: `stories/${ID}/notes.md` },
    { key: `stories/${ID}/cast.json` },
  ]);
  expect(created).toEqual([ID]);
  expect(stored[`stories/${ID}/notes.md`]).toEqual(['x', 'text/markdown; charset=utf-8']);
});

test.each([
  { name: '../up.txt', content: 'x' },
  { name: 'a/b.txt', content: 'x' },
  { name: '.hidden.txt', content: 'x' },
  { name: 'page.html', content: 'x' },
  { name: 'story.json', content: 'x' },
  { name: 'Story.JSON', content: 'x' },
  { name: 'text-3-abcd.json', content: 'x' },
  { name: 'a.txt', content: '' },
  { name: 'a.txt', content: 'x', session_id: OTHER },
  { name: 'a.txt', content: 'x', session_id: '../x' },
])('save_object refuses %j', async (input) => {
  await expect(run(saveObject({ sessions, objects }), input)).rejects.toMatchObject({ name: 'ToolError' });
  expect(stored).toEqual({});
});

describe('save_session', () => {
  const calls: unknown[] = [];
  let answer: { statusCode: number; body: Record<string, unknown> };
  const invoker = {
    call: async (name: string, call: unknown) => {
      calls.push([name, call]);
      return answer;
    },
  } as unknown as FunctionInvoker;
  const tool = saveSession({ invoker, functionName: 'data' });

  test('has the data function do it, in the caller’s name', async () => {
    answer = { statusCode: 200, body: { ...story, revision: 3 } };
    expect(await run(tool, { revision: 2, title: 'New' })).toMatchObject({ revision: 3 });
    const body = { session_id: ID, revision: 2, title: 'New' };
    const principal = { sub: 'una', groups: ['author'] };
    expect(calls).toEqual([['data', { action: 'put-session', body, principal }]]);
    expect(turn.changed).toBe(ID);
  });

  test('a refusal is told in its own words and changes nothing', async () => {
    answer = { statusCode: 409, body: { error: { code: 'conflict', message: 'read it again' } } };
    await expect(run(tool, { revision: 1, title: 'New' })).rejects.toThrow('conflict: read it again');
    expect(turn.changed).toBeUndefined();
  });
});
