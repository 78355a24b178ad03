/** Sessions as they are answered: with URLs under which the caller can read the objects for the next hour. */
import type { StoryObjects } from './objects';
import type { Segment, Session } from './schemas';

type Urls = Pick<StoryObjects, 'url'>;

export async function segmentView(segment: Segment, objects: Urls): Promise<Segment> {
  const { image_key: image, audio_key: audio } = segment;
  const [image_url, audio_url] = await Promise.all([image && objects.url(image), audio && objects.url(audio)]);
  return { ...segment, ...(image_url && { image_url }), ...(audio_url && { audio_url }) };
}

export const segmentViews = (segments: readonly Segment[], objects: Urls): Promise<Segment[]> =>
  Promise.all(segments.map((segment) => segmentView(segment, objects)));

export const sessionView = async (session: Session, objects: Urls): Promise<Session> => ({
  ...session,
  segments: await segmentViews(session.segments, objects),
});
