import fc from 'fast-check';
import { appended, MAX_CONVERSATION_BYTES, MAX_MESSAGES, overflow, planFold, toModelMessages } from './conversation';
import type { Conversation, ConversationMessage } from './types';

const at = '2026-01-01T00:00:00.000Z';
const message = (content: string, role: 'user' | 'assistant' = 'user'): ConversationMessage => ({ role, content, at });
const turns = (count: number) =>
  Array.from({ length: count }, (_, index) => message(`m${index}`, index % 2 === 0 ? 'user' : 'assistant'));
const conversation = (messages: ConversationMessage[], more: Partial<Conversation> = {}): Conversation => ({
  sessionId: 's',
  messages,
  updatedAt: at,
  dropped: 0,
  foldedThrough: 0,
  ...more,
});

describe('limits', () => {
  test('the newest 100 messages stay', () => {
    expect(overflow(turns(100))).toBe(0);
    expect(overflow(turns(101))).toBe(1);
    const after = appended(conversation(turns(100)), [message('new'), message('newer', 'assistant')]);
    expect(after.messages).toHaveLength(MAX_MESSAGES);
    expect(after.messages[0]!.content).toBe('m2');
    expect(after.messages.at(-1)!.content).toBe('newer');
    expect(after.dropped).toBe(2);
  });

  test('the JSON text never exceeds its limit, whatever the characters, and nothing goes without need', () => {
    const content = fc.oneof(
      fc.constant('x'.repeat(8_000)),
      fc.constant('€'.repeat(8_000)),
      fc.constant('"'.repeat(8_000)),
    );
    fc.assert(
      fc.property(fc.array(content, { maxLength: 110 }), (contents) => {
        const messages = contents.map((text) => message(text));
        const gone = overflow(messages);
        const bytes = (from: number) => Buffer.byteLength(JSON.stringify(messages.slice(from)));
        expect(bytes(gone)).toBeLessThanOrEqual(MAX_CONVERSATION_BYTES);
        expect(messages.length - gone).toBeLessThanOrEqual(MAX_MESSAGES);
        if (gone > 0) {
          expect(bytes(gone - 1) > MAX_CONVERSATION_BYTES - 2 || messages.length - gone + 1 > MAX_MESSAGES).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('a conversation begins, and what is folded never goes back', () => {
    expect(appended(undefined, [message('a')])).toEqual({ messages: [message('a')], dropped: 0, foldedThrough: 0 });
    expect(appended(conversation([], { foldedThrough: 40 }), [message('a')], 20).foldedThrough).toBe(40);
  });
});

describe('folding', () => {
  test('nothing to fold while there is room', () => {
    expect(planFold(undefined, message('q'))).toBeUndefined();
    expect(planFold(conversation(turns(98)), message('q'))).toBeUndefined();
  });

  test('a batch of twenty ahead, then nothing until it is used up', () => {
    const plan = planFold(conversation(turns(100)), message('q'))!;
    expect(plan.messages.map(({ content }) => content)).toEqual(turns(20).map(({ content }) => content));
    expect(plan.foldedThrough).toBe(20);
    expect(planFold(conversation(turns(100), { dropped: 2, foldedThrough: 20 }), message('q'))).toBeUndefined();
    expect(planFold(conversation(turns(100), { dropped: 18, foldedThrough: 20 }), message('q'))).toBeUndefined();
    expect(planFold(conversation(turns(100), { dropped: 20, foldedThrough: 20 }), message('q'))!.foldedThrough).toBe(
      40,
    );
  });

  test('over many turns each dropped message has been folded once, in order', () => {
    let state = conversation([]);
    const folded: string[] = [];
    for (let turn = 0; turn < 150; turn += 1) {
      const asked = message(`q${turn}`);
      const plan = planFold(state, asked);
      if (plan) folded.push(...plan.messages.map(({ content }) => content));
      const added = [asked, message(`a${turn}`, 'assistant')];
      state = { ...state, ...appended(state, added, plan?.foldedThrough) };
      expect(folded.length).toBeGreaterThanOrEqual(state.dropped);
    }
    const all = Array.from({ length: 150 }, (_, turn) => [`q${turn}`, `a${turn}`]).flat();
    expect(folded).toEqual(all.slice(0, folded.length));
    expect(state.dropped).toBe(200);
  });
});

describe('what the model sees', () => {
  test('roles take turns, the user begins, blanks are left out', () => {
    const history = [
      message('early', 'assistant'),
      message('a'),
      message('b'),
      message(' ', 'assistant'),
      message('c'),
    ];
    expect(toModelMessages(history, 'd')).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'a\n\nb\n\nc\n\nd' }] },
    ]);
    expect(toModelMessages([message('a'), message('b', 'assistant')], 'c').map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'user',
    ]);
  });

  test('always valid for any history', () => {
    const entry = fc.record({
      role: fc.constantFrom('user' as const, 'assistant' as const),
      content: fc.string(),
      at: fc.constant(at),
    });
    fc.assert(
      fc.property(fc.array(entry), (history) => {
        const messages = toModelMessages(history, 'question');
        expect(messages[0]!.role).toBe('user');
        expect(messages.at(-1)!.role).toBe('user');
        messages.forEach(({ role }, index) => expect(role).toBe(index % 2 === 0 ? 'user' : 'assistant'));
      }),
    );
  });

  test('of a very long conversation the newest part', () => {
    const history = Array.from({ length: 100 }, (_, index) =>
      message('x'.repeat(8_000), index % 2 ? 'assistant' : 'user'),
    );
    const characters = JSON.stringify(toModelMessages(history, 'question')).length;
    expect(characters).toBeLessThan(125_000);
    expect(characters).toBeGreaterThan(100_000);
  });
});
