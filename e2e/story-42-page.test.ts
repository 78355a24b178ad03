/**
 * The page of Story-42 in a real Chromium, against a stand-in of its backend: the whole way of an author, and the states
 * that the real system cannot be brought into at will. Against the real system it is driven in story-42.test.ts.
 */
import type { Page } from 'playwright-core';
import { accessibilityFindings } from './support/accessibility';
import { openChromium, screenshot, type Chromium, type OpenPage } from './support/browser';
import { StoryBackend } from './support/story-backend';
import { StoryPage } from './support/story-page';

let chromium: Chromium;
let backend: StoryBackend;
let open: OpenPage;
let page: Page;
let story: StoryPage;

beforeAll(async () => {
  chromium = await openChromium();
});
afterAll(() => chromium.close());

beforeEach(async () => {
  backend = new StoryBackend();
  await backend.start();
  open = await chromium.page();
  page = open.page;
  story = new StoryPage(page, backend.url);
});
afterEach(async () => {
  const { mistakes } = open;
  await page.context().close();
  await backend.stop();
  expect(mistakes).toEqual([]);
});

/** Past the first sign-in, for tests of what comes after it. */
async function enter(path = ''): Promise<void> {
  backend.pool.temporary = false;
  await page.goto(`${backend.url}/${path}`);
  expect(await story.signIn(backend.pool.email, backend.pool.password)).toBe('signed in');
}

const calls = (method: string, path: string) =>
  backend.seen.filter((seen) => seen.method === method && seen.path === path);

describe('signing in', () => {
  test('a wrong password is said, and the form keeps what was typed', async () => {
    await story.open();
    await screenshot(page, 'sign-in');
    await expect(story.signIn(backend.pool.email, 'wrong')).rejects.toThrow('do not belong together');
    expect(await page.getByLabel('E-mail').inputValue()).toBe(backend.pool.email);
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  test('a temporary password leads to a new one, whose rules are shown as they are met', async () => {
    await story.open();
    expect(await story.signIn(backend.pool.email, backend.pool.password)).toBe('new password required');
    await page.getByLabel('New password', { exact: true }).fill('lighthouse1');
    expect(await page.locator('.rules .met').allTextContents()).toEqual([
      'At least 8 characters (met)',
      'A lower-case letter (met)',
      'A digit (met)',
    ]);
    await page.getByRole('button', { name: 'Save and continue' }).click();
    expect(await page.locator('.mistake:visible').first().textContent()).toBe(
      'This password does not meet every rule yet.',
    );
    expect(await accessibilityFindings(page)).toEqual([]);
    await screenshot(page, 'new-password');
    await story.setNewPassword('Lighthouse-42!');
    expect(backend.pool.temporary).toBe(false);
    expect(calls('COGNITO', 'RespondToAuthChallenge')[0]!.body).toMatchObject({
      ChallengeName: 'NEW_PASSWORD_REQUIRED',
      ChallengeResponses: { NEW_PASSWORD: 'Lighthouse-42!' },
    });
  });

  test('tokens live in the session storage alone, and signing out forgets and revokes them', async () => {
    await enter();
    const places = () => page.evaluate('[sessionStorage.length, localStorage.length, document.cookie]');
    expect(await places()).toEqual([1, 0, '']);
    await story.signOut();
    expect(await places()).toEqual([0, 0, '']);
    expect(calls('COGNITO', 'RevokeToken')).toHaveLength(1);
  });

  test('a token that is refused is renewed once, and nobody notices', async () => {
    await enter();
    backend.pool.expireTokens();
    await story.openShelf();
    expect(backend.pool.refreshes).toBe(1);
    expect(await story.problems.count()).toBe(0);
  });

  test('a token about to end is renewed before it is used', async () => {
    backend.pool.lifetime = 30;
    await enter();
    await story.openShelf();
    expect(backend.pool.refreshes).toBeGreaterThan(0);
  });

  test('when it cannot be renewed, signing in again leads back to the same story', async () => {
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    await page.locator('.segment').first().waitFor();
    backend.pool.expireTokens({ refreshToo: true });
    await page.getByRole('button', { name: 'Outline' }).click();
    await page.getByText('Your sign-in has expired').waitFor();
    await story.signIn(backend.pool.email, backend.pool.password);
    await story.outline.waitFor();
    expect(page.url()).toContain(session_id);
  });
});

describe('from a topic to a book', () => {
  test('ideas, outline, story, changes, audio, shelf, deletion', async () => {
    await enter();
    expect(await story.suggestIdeas()).toHaveLength(6);
    await screenshot(page, 'ideas');
    await story.takeIdea('A Map Drawn by Moths');
    expect(await page.getByLabel('What is the story about?').inputValue()).toMatch(/^A Map Drawn by Moths: /);
    await story.writeTopic({
      topic: 'A keeper who is afraid of the dark',
      audience: 'Children of 6 to 9',
      genre: 'Bedtime story',
      segments: 4,
    });
    expect(await accessibilityFindings(page)).toEqual([]);
    expect(await story.makeOutline()).toHaveLength(4);
    expect(calls('POST', '/generate-story-outline')[0]!.body).toMatchObject({
      topic: 'A keeper who is afraid of the dark',
      audience: 'Children of 6 to 9',
      session_id: [...backend.sessions.keys()][0],
      segment_count: 4,
      async: true,
    });
    await screenshot(page, 'outline');
    expect(await accessibilityFindings(page)).toEqual([]);

    await page.getByRole('button', { name: 'Move part 2 up' }).click();
    await page.getByRole('button', { name: 'Remove part 4' }).click();
    await page.reload();
    await story.outline.waitFor();
    expect(await story.outlineHeadings()).toEqual([
      'A Knock from Below',
      'The Keeper Who Left a Lamp On',
      'What the Dark Was Afraid Of',
    ]);
    await page.getByRole('button', { name: 'Move part 2 up' }).click();

    const written = await story.makeStory({ words: 120 });
    expect(calls('POST', '/generate-story')[0]!.body).toMatchObject({
      words_per_segment: 120,
      with_images: true,
      outline: { segments: [{ index: 1 }, { index: 2 }, { index: 3 }] },
    });
    expect(written.map(({ heading }) => heading)).toEqual([
      'The Keeper Who Left a Lamp On',
      'A Knock from Below',
      'What the Dark Was Afraid Of',
    ]);
    expect(written.every(({ image }) => image !== undefined)).toBe(true);
    await screenshot(page, 'story');
    expect(await accessibilityFindings(page)).toEqual([]);

    const rewritten = await story.rewrite(2, 'make it funny');
    expect(rewritten.text).toBe('Rewritten: make it funny. The lamp was lit all the same.');
    const painted = await story.renewImage(1, 'by moonlight');
    expect(painted.image).not.toBe(written[0]!.image);
    expect(await story.speak(1)).toMatch(/\/audio\/.+\.mp3$/);
    await story.edit(3, { heading: 'A new heading', text: 'First.\n\nSecond.' });
    expect((await story.segments())[2]).toMatchObject({ heading: 'A new heading', text: 'First.\nSecond.' });

    await page.getByRole('button', { name: 'Change title' }).click();
    await page.getByLabel('Title').fill('The Lamp');
    await page.getByRole('button', { name: 'Save title' }).click();
    await page.getByRole('heading', { level: 1, name: 'The Lamp', exact: true }).waitFor();

    expect(await story.openShelf()).toEqual(['The Lamp']);
    await page.getByRole('button', { name: 'Delete “The Lamp”' }).click();
    expect(await accessibilityFindings(page)).toEqual([]);
    await screenshot(page, 'delete', { fullPage: false });
    await page.keyboard.press('Escape');
    expect(backend.sessions.size).toBe(1);
    await story.deleteStory('The Lamp');
    expect(backend.sessions.size).toBe(0);
  });

  test('a story that is being written goes on after a reload', async () => {
    backend.jobMs = 2500;
    await enter();
    await story.writeTopic({ topic: 'A lamp', segments: 2 });
    await page.getByRole('button', { name: 'Make the outline' }).click();
    await page.getByText('Drawing up the outline').first().waitFor();
    await page.reload();
    await page.getByText('Drawing up the outline').first().waitFor();
    await screenshot(page, 'in-the-making');
    await story.outline.waitFor();
    expect(calls('POST', '/generate-story-outline')).toHaveLength(1);
  });

  test('what the form asks for is said beside the field, and nothing is sent', async () => {
    await enter();
    await page.getByLabel('Parts').fill('40');
    await page.getByRole('button', { name: 'Make the outline' }).click();
    expect(await page.locator('.mistake:visible').allTextContents()).toEqual([
      'Say in a few words what the story is about.',
      'From 1 to 20.',
    ]);
    expect(await page.evaluate('document.activeElement.name')).toBe('topic');
    expect(calls('POST', '/generate-story-outline')).toHaveLength(0);
  });
});

describe('what can go wrong', () => {
  test('429: what to do and the request id, and trying again goes on', async () => {
    await enter();
    backend.fail('POST /generate-story-outline', { status: 429, code: 'throttled', message: 'too many requests' });
    await story.writeTopic({ topic: 'A lamp', segments: 2 });
    await expect(story.makeOutline()).rejects.toThrow('The service is very busy');
    expect((await story.problem()).requestId).toMatch(/^req-429-/);
    await screenshot(page, 'problem');
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Try again' }).click();
    await story.outline.waitFor();
  });

  test('400: the fields that are wrong', async () => {
    await enter();
    backend.fail('POST /generate-story-outline', {
      status: 400,
      code: 'validation_error',
      fields: [{ field: 'audience', message: 'must have at most 200 characters' }],
    });
    await story.writeTopic({ topic: 'A lamp' });
    await expect(story.makeOutline()).rejects.toThrow('audience must have at most 200 characters');
  });

  test('403: which group is needed', async () => {
    backend.fail('GET /sessions', { status: 403, code: 'forbidden', message: 'in neither group' });
    await enter();
    expect((await story.problem()).text).toContain('“author” or “admin”');
  });

  test('a failed job says why, the story is kept, and it can be tried again', async () => {
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    backend.failJob = { code: 'model_error', message: 'the model gave no usable answer' };
    await expect(story.rewrite(1)).rejects.toThrow('The writer gave no usable answer');
    expect(await story.segments()).toHaveLength(3);
    await story.segment(1).getByRole('button', { name: 'Try again' }).click();
    await story.segment(1).getByText('Rewritten: another version').waitFor();
  });

  test('a lost answer while polling is no failure', async () => {
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    await page.locator('.segment').first().waitFor();
    backend.fail('GET /sessions/{session_id}', { status: 500, code: 'internal' });
    expect((await story.rewrite(1, 'x')).text).toContain('Rewritten: x');
  });

  test('pictures that could not be made are named, the others are shown', async () => {
    const session = backend.addStory('A lamp', { pictures: false });
    await enter(`#/stories/${session.session_id}`);
    await page.locator('.segment').first().waitFor();
    await screenshot(page, 'story-without-pictures');
    expect(await accessibilityFindings(page)).toEqual([]);
    backend.failPictures = 1;
    await story.paintMissing();
    const problem = await story.problem();
    expect(problem.title).toBe('One picture could not be made.');
    expect(problem.text).toContain('“The Keeper Who Left a Lamp On”: the image service refused');
    expect((await story.segments()).map(({ image }) => image !== undefined)).toEqual([false, true, true]);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.picture.empty').waitFor({ state: 'detached' });
    expect((await story.segments()).every(({ image }) => image !== undefined)).toBe(true);
    expect(await page.getByRole('button', { name: /missing picture/ }).count()).toBe(0);
  });

  test('pictures whose address has expired are asked for anew, once', async () => {
    const { session_id } = backend.addStory('A lamp', { parts: 1 });
    backend.refusePictures = 1;
    await enter(`#/stories/${session_id}`);
    await page.locator('.segment').first().waitFor();
    await page.waitForFunction("document.querySelector('.picture img')?.naturalWidth > 0");
    expect(calls('GET', `/sessions/${session_id}`)).toHaveLength(2);
    backend.refusePictures = 2;
    await page.reload();
    await page.getByText('The picture cannot be loaded').waitFor();
  });

  test('409: mine can be saved over theirs, or theirs shown', async () => {
    const session = backend.addStory('A lamp');
    await enter(`#/stories/${session.session_id}`);
    await page.locator('.segment').first().waitFor();
    session.revision += 1;
    session.segments[1]!.text = 'Written by somebody else.';
    const editing = story.edit(1, { text: 'Mine.' });
    const conflict = await story.problem(story.segment(1));
    expect(conflict.title).toBe('This story was changed elsewhere while you were editing.');
    expect(conflict.requestId).toMatch(/^req-409-/);
    expect(await story.segment(1).getByLabel('Text').inputValue()).toBe('Mine.');
    await screenshot(page, 'conflict');
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Save mine over it' }).click();
    await editing;
    expect((await story.segments()).map(({ text }) => text).slice(0, 2)).toEqual([
      'Mine.',
      'Written by somebody else.',
    ]);

    session.revision += 1;
    session.segments[0]!.text = 'Theirs.';
    const again = story.edit(1, { text: 'Mine once more.' });
    await page.getByRole('button', { name: 'Drop mine, show theirs' }).click();
    await again;
    expect((await story.segments())[0]!.text).toBe('Theirs.');
  });

  test('a story that is not there leads back to the shelf', async () => {
    await enter('#/stories/4b6f0a0e-0000-4000-8000-000000000000');
    expect((await story.problem()).title).toBe('This story does not exist.');
    await page.getByRole('button', { name: 'To the shelf' }).click();
    await page.getByRole('region', { name: 'Your shelf' }).waitFor();
  });

  test('without a connection, what was typed is kept', async () => {
    await enter();
    await story.writeTopic({ topic: 'A lamp' });
    await page.context().setOffline(true);
    await expect(story.makeOutline()).rejects.toThrow('The service cannot be reached');
    expect(await page.getByLabel('What is the story about?').inputValue()).toBe('A lamp');
  });

  test('speech that fails is said at its part', async () => {
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    backend.fail('POST /agent/tts', { status: 502, code: 'tts_error', message: 'the speech service answered 503' });
    await expect(story.speak(2)).rejects.toThrow('The reading voice did not answer');
    await page.getByRole('button', { name: 'Try again' }).click();
    await story.segment(2).locator('audio').waitFor();
  });
});

describe('the agent', () => {
  const reply = 'Lighthouses once burned whale oil.\n\nShall I put that into part 1?';

  test('steps and words come as they are sent; the story it worked on is loaded again', async () => {
    const session = backend.addStory('A lamp');
    backend.agentEvents = [
      ['token', { text: 'I look it up.' }],
      ['tool', { name: 'web_search' }],
      ['tool', { name: 'web_search', ok: true, ms: 412 }],
      ['tool', { name: 'regenerate_text', ok: false, ms: 1900 }],
      ['token', { text: 'Lighthouses once ' }],
      ['token', { text: 'burned whale oil.' }],
      ['done', { session_id: session.session_id, reply, tools_used: [], story: session, usage: {} }],
    ];
    await enter(`#/stories/${session.session_id}`);
    await story.openAgent();
    session.segments[0]!.text = 'Changed by the agent.';
    const answer = await story.askAgent('Something true about lighthouses?');
    expect(answer).toEqual({
      reply: 'Lighthouses once burned whale oil.\nShall I put that into part 1?',
      steps: ['Searched the web', 'Rewrote a part — without success'],
    });
    expect(calls('POST', '/agent/chat')[0]!.body).toEqual({
      message: 'Something true about lighthouses?',
      session_id: session.session_id,
    });
    await story.segment(1).getByText('Changed by the agent.').waitFor();
    await screenshot(page, 'agent', { fullPage: false });
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('button', { name: 'Agent', exact: true }).getAttribute('aria-expanded')).toBe('false');
  });

  test('what was said about a story before is there again; a story made elsewhere is linked', async () => {
    const session = backend.addStory('A lamp');
    const other = backend.addStory('Another');
    backend.messages = [
      { role: 'user', content: 'Who is the hero?', at: '2026-01-01T00:00:00Z' },
      {
        role: 'assistant',
        content: 'Ottilie.',
        at: '2026-01-01T00:00:01Z',
        tools: [{ name: 'load_session', ok: true, ms: 12 }],
      },
    ];
    backend.agentEvents = [
      ['done', { session_id: session.session_id, reply: 'Done.', tools_used: [], story: other, usage: {} }],
    ];
    await enter(`#/stories/${session.session_id}`);
    await page.locator('.segment').first().waitFor();
    await story.openAgent();
    await page.getByText('Ottilie.', { exact: true }).waitFor();
    expect(await page.locator('.chat .step').allTextContents()).toEqual(['Read the story12 ms']);
    await story.askAgent('Write another one');
    await page.getByRole('link', { name: 'Open the story' }).click();
    await page.waitForURL(`**/${other.session_id}`);
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  test('an error in the stream is shown with its request id, and can be asked again', async () => {
    backend.agentEvents = [
      ['token', { text: 'Well' }],
      ['error', { error: { code: 'throttled', message: 'the model is busy', request_id: 'req-agent-1' } }],
    ];
    await enter();
    await story.openAgent();
    await expect(story.askAgent('Hello')).rejects.toThrow('The service is very busy');
    expect((await story.problem()).requestId).toBe('req-agent-1');
    backend.agentEvents = [
      [
        'done',
        { session_id: '4b6f0a0e-0000-4000-8000-000000000000', reply: 'Hello to you', tools_used: [], usage: {} },
      ],
    ];
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText('Hello to you').waitFor();
  });

  test('a stream that breaks off is an error, an expired token is not', async () => {
    await enter();
    await story.openAgent();
    backend.agentEvents = [['token', { text: 'Once' }], 'break'];
    backend.pool.expireTokens();
    await expect(story.askAgent('Go on')).rejects.toThrow('broke off before its end');
    expect(backend.pool.refreshes).toBe(1);
  });

  test('without an agent there is neither chat nor speech', async () => {
    backend.hasAgent = false;
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    await page.locator('.segment').first().waitFor();
    expect(await page.getByRole('button', { name: 'Agent', exact: true }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Listen' }).count()).toBe(0);
  });
});

describe('for everybody', () => {
  test('dark, by the system or by choice', async () => {
    const { session_id } = backend.addStory('A lamp');
    await page.emulateMedia({ colorScheme: 'dark' });
    await enter(`#/stories/${session_id}`);
    await page.locator('.segment').first().waitFor();
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const dark = await ground();
    await story.segments();
    await screenshot(page, 'story-dark');
    expect(await accessibilityFindings(page)).toEqual([]);
    await page.getByRole('button', { name: /^Theme/ }).click();
    expect(await ground()).not.toBe(dark);
    await page.reload();
    await page.locator('.segment').first().waitFor();
    expect(await ground()).not.toBe(dark);
  });

  test('a small screen scrolls in one direction only', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    const { session_id } = backend.addStory('A lamp');
    backend.addStory('Another');
    await enter();
    for (const [path, name] of [
      ['#/', 'small-home'],
      [`#/stories/${session_id}`, 'small-story'],
      [`#/stories/${session_id}/outline`, 'small-outline'],
    ] as const) {
      await page.goto(`${backend.url}/${path}`);
      await page.locator('.book, .segment, .outline-part').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
      await screenshot(page, name);
    }
    await story.openAgent();
    await screenshot(page, 'small-agent', { fullPage: false });
    expect(await page.locator('main[inert]').count()).toBe(1);
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  test('the way to a story by keyboard alone', async () => {
    await story.open();
    backend.pool.temporary = false;
    await page.getByLabel('E-mail').focus();
    await page.keyboard.type(backend.pool.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(backend.pool.password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What shall we tell today?' }).waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    await page.keyboard.press('Tab');
    await page.keyboard.type('A lamp');
    for (let index = 0; index < 5; index++) await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await story.outline.waitFor();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('H1');
    expect(await page.getByRole('status').last().textContent()).toContain('The outline is there.');
  });

  test('on paper there is the story and nothing else', async () => {
    const { session_id } = backend.addStory('A lamp');
    await enter(`#/stories/${session_id}`);
    await story.segments();
    await page.locator('.segment').first().waitFor();
    await story.segments();
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.getByRole('button').count()).toBe(0);
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(3);
    await screenshot(page, 'print');
  });
});
