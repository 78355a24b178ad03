/** `story.json`: the finished story beside its images, for people and for other programs. The item is the truth. */
import { storyKey, type StoryObjects } from './objects';
import type { Session } from './schemas';

export async function writeStoryFile(session: Session, objects: Pick<StoryObjects, 'put'>): Promise<void> {
  const { session_id, title, topic, audience, genre, language, outline, revision, updated_at } = session;
  // Without keys of images and audio: these come and go without the text.
  const segments = session.segments.map(({ image_key: _image, audio_key: _audio, ...segment }) => segment);
  const story = { session_id, title, topic, audience, genre, language, outline, segments, revision, updated_at };
  await objects.put(storyKey(session_id), JSON.stringify(story), 'application/json');
}
