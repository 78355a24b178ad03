/** The page of Story-42 as a person uses it: finds things by their labels and roles, and waits as a person would. */
import type { Locator, Page } from 'playwright-core';

export interface StoryTopic {
  readonly topic: string;
  readonly audience?: string;
  readonly genre?: string;
  /** Language tag. */
  readonly language?: string;
  readonly segments?: number;
}

export interface ShownSegment {
  readonly heading: string;
  readonly text: string;
  /** The picture's address, once it is loaded and has a size. */
  readonly image: string | undefined;
}

export interface ShownProblem {
  readonly title: string;
  readonly text: string;
  readonly requestId: string | undefined;
}

/** Models, image makers and containers that start may take their time. */
const WORK_MS = 180_000;

export class StoryPage {
  constructor(
    readonly page: Page,
    readonly url: string,
  ) {}

  async open(): Promise<void> {
    await this.page.goto(this.url);
    await this.page.getByRole('heading', { level: 1 }).waitFor();
  }

  // ---- sign-in ---------------------------------------------------------------------------------------------------

  /** Ends on the first page, or where a new password is asked for. */
  async signIn(email: string, password: string): Promise<'signed in' | 'new password required'> {
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password', { exact: true }).fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    const newPassword = this.page.getByRole('heading', { name: 'Choose a new password' });
    const card = this.page.locator('.sign-in');
    await newPassword.or(this.#signOut).or(card.locator('.problem')).first().waitFor();
    if (await newPassword.isVisible()) return 'new password required';
    await this.#refuseProblem(card);
    return 'signed in';
  }

  async setNewPassword(password: string): Promise<void> {
    await this.page.getByLabel('New password', { exact: true }).fill(password);
    await this.page.getByLabel('New password again').fill(password);
    await this.page.getByRole('button', { name: 'Save and continue' }).click();
    const card = this.page.locator('.sign-in');
    await this.#signOut.or(card.locator('.problem')).first().waitFor();
    await this.#refuseProblem(card);
  }

  async signOut(): Promise<void> {
    await this.#signOut.click();
    await this.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  }

  // ---- topic and outline -----------------------------------------------------------------------------------------

  async writeTopic(topic: StoryTopic): Promise<void> {
    await this.page.getByLabel('What is the story about?').fill(topic.topic);
    if (topic.audience !== undefined) await this.page.getByLabel('For whom').fill(topic.audience);
    if (topic.genre !== undefined) await this.page.getByLabel('Genre').fill(topic.genre);
    if (topic.language !== undefined) await this.page.getByLabel('Language').selectOption(topic.language);
    if (topic.segments !== undefined) await this.page.getByLabel('Parts').fill(String(topic.segments));
  }

  /** Titles of the ideas. */
  async suggestIdeas(): Promise<string[]> {
    await this.page.getByRole('button', { name: 'Suggest ideas' }).click();
    const ideas = this.page.getByRole('region', { name: 'Ideas' });
    await ideas.or(this.problems).first().waitFor({ timeout: WORK_MS });
    await this.#refuseProblem();
    return ideas.getByRole('heading', { level: 3 }).allTextContents();
  }

  async takeIdea(title: string): Promise<void> {
    await this.page.getByRole('button', { name: `Take this one: ${title}` }).click();
  }

  /** From the topic to the outline; answers with the headings of its parts. */
  async makeOutline(): Promise<string[]> {
    await this.page.getByRole('button', { name: 'Make the outline' }).click();
    await this.outline.or(this.problems).first().waitFor({ timeout: WORK_MS });
    await this.#refuseProblem();
    await this.#idle();
    return this.outlineHeadings();
  }

  outlineHeadings(): Promise<string[]> {
    return this.outline
      .getByLabel(/^Heading of part/)
      .evaluateAll((inputs) => inputs.map((input) => (input as unknown as { value: string }).value));
  }

  get outline(): Locator {
    return this.page.getByRole('form', { name: 'Outline' });
  }

  // ---- story -----------------------------------------------------------------------------------------------------

  /** From the outline to the written story. */
  async makeStory(options: { words?: number; pictures?: boolean } = {}): Promise<ShownSegment[]> {
    if (options.words !== undefined) await this.outline.getByLabel('Words in each part').fill(String(options.words));
    await this.outline.getByLabel('Paint a picture for every part').setChecked(options.pictures ?? true);
    await this.outline.getByRole('button', { name: /^Write the story/ }).click();
    await this.page.locator('.segment').or(this.problems).first().waitFor({ timeout: WORK_MS });
    await this.#refuseProblem();
    await this.#idle();
    return this.segments();
  }

  async segments(): Promise<ShownSegment[]> {
    const found = await this.page.locator('.segment').all();
    return Promise.all(found.map(shown));
  }

  segment(number: number): Locator {
    return this.page.locator('.segment').nth(number - 1);
  }

  async paintMissing(): Promise<void> {
    await this.page.getByRole('button', { name: /^Paint the .*missing picture/ }).click();
    await this.#idle();
  }

  async rewrite(number: number, instruction = ''): Promise<ShownSegment> {
    return this.#instruct(number, 'Rewrite', 'What should change?', 'Rewrite this part', instruction);
  }

  async renewImage(number: number, instruction = ''): Promise<ShownSegment> {
    return this.#instruct(
      number,
      'New picture',
      'How should the picture look?',
      /^Paint (it anew|this part)$/,
      instruction,
    );
  }

  /** Address of the audio. */
  async speak(number: number): Promise<string> {
    const segment = this.segment(number);
    await segment.getByRole('button', { name: 'Listen' }).click();
    const audio = segment.locator('audio');
    await audio.or(segment.getByRole('alert')).first().waitFor({ timeout: WORK_MS });
    await this.#refuseProblem(segment);
    return (await audio.getAttribute('src')) ?? '';
  }

  /** Fills the editor and saves; what comes of it is for the caller to look at. */
  async edit(number: number, change: { heading?: string; text?: string }): Promise<void> {
    const segment = this.segment(number);
    await segment.getByRole('button', { name: 'Edit' }).click();
    if (change.heading !== undefined) await segment.getByLabel('Heading').fill(change.heading);
    if (change.text !== undefined) await segment.getByLabel('Text').fill(change.text);
    await segment.getByRole('button', { name: 'Save' }).click();
    await segment
      .locator('.segment-editor')
      .waitFor({ state: 'detached' })
      .catch(() => undefined);
  }

  // ---- shelf -----------------------------------------------------------------------------------------------------

  async openShelf(): Promise<string[]> {
    await this.page.getByRole('link', { name: 'Shelf' }).click();
    const shelf = this.page.getByRole('region', { name: 'Your shelf' });
    await shelf.getByText('Looking at the shelf').waitFor({ state: 'detached' });
    return shelf.locator('.book-title').allTextContents();
  }

  async openStory(title: string): Promise<void> {
    await this.page.getByRole('region', { name: 'Your shelf' }).getByRole('link', { name: title }).first().click();
    await this.page.getByText('Opening the story').waitFor({ state: 'detached' });
  }

  /** From the shelf, question answered. */
  async deleteStory(title: string): Promise<void> {
    const item = this.page.locator('.book').filter({ hasText: title }).first();
    const books = this.page.locator('.book');
    const before = await books.count();
    await item.getByRole('button', { name: /^Delete/ }).click();
    await this.page.getByRole('alertdialog').getByRole('button', { name: 'Delete for good' }).click();
    // Not by a function in the page: its security policy allows none.
    await books.nth(before - 1).waitFor({ state: 'detached' });
  }

  // ---- agent -----------------------------------------------------------------------------------------------------

  async openAgent(): Promise<void> {
    const agent = this.page.getByRole('button', { name: 'Agent', exact: true });
    if ((await agent.getAttribute('aria-expanded')) === 'false') await agent.click();
  }

  /** What the agent said, and the steps it took. */
  async askAgent(message: string): Promise<{ reply: string; steps: string[] }> {
    const log = this.page.getByRole('log', { name: 'Conversation' });
    const before = await log.locator('.bubble.theirs').count();
    await this.page.getByLabel('Message to the agent').fill(message);
    await this.page.getByRole('button', { name: 'Send' }).click();
    const bubble = log.locator('.bubble.theirs').nth(before);
    await bubble.waitFor();
    await bubble.locator('.dots').waitFor({ state: 'detached', timeout: WORK_MS });
    await this.#refuseProblem(bubble);
    return {
      reply: (await bubble.locator('.words p').allTextContents()).join('\n'),
      steps: await bubble.locator('.step > span:first-of-type').allTextContents(),
    };
  }

  // ---- problems --------------------------------------------------------------------------------------------------

  get problems(): Locator {
    return this.page.locator('.problem');
  }

  async problem(within: Locator | Page = this.page): Promise<ShownProblem> {
    const panel = within.locator('.problem').first();
    await panel.waitFor();
    const requestId = panel.locator('.request-id code');
    return {
      title: (await panel.locator('.problem-title').textContent()) ?? '',
      text: await panel.innerText(),
      requestId: (await requestId.count()) === 0 ? undefined : ((await requestId.textContent()) ?? undefined),
    };
  }

  get #signOut(): Locator {
    return this.page.getByRole('button', { name: 'Sign out' });
  }

  async #instruct(
    number: number,
    tool: string,
    label: string,
    send: string | RegExp,
    instruction: string,
  ): Promise<ShownSegment> {
    const segment = this.segment(number);
    await segment.getByRole('button', { name: tool, exact: true }).click();
    await segment.getByLabel(label).fill(instruction);
    await segment.getByRole('button', { name: send }).click();
    await segment.locator('.inline-form').waitFor({ state: 'detached' });
    await this.#idle();
    await this.#refuseProblem(segment);
    return shown(segment);
  }

  /** Until nothing is being worked on. */
  async #idle(): Promise<void> {
    await this.page.locator('.story-page.working').waitFor({ state: 'detached', timeout: WORK_MS });
  }

  async #refuseProblem(within: Locator | Page = this.page): Promise<void> {
    if ((await within.locator('.problem').count()) === 0) return;
    throw new Error(`the page shows a problem: ${(await this.problem(within)).text}`);
  }
}

async function shown(segment: Locator): Promise<ShownSegment> {
  const image = segment.locator('.picture img');
  let address: string | undefined;
  if ((await image.count()) > 0) {
    await image.evaluate((element) => (element as unknown as { decode: () => Promise<void> }).decode());
    address = (await image.getAttribute('src')) ?? undefined;
  }
  return {
    heading: (await segment.getByRole('heading', { level: 2 }).textContent()) ?? '',
    text: (await segment.locator('.prose p').allTextContents()).join('\n'),
    image: address,
  };
}
