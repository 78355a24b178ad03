/** A session as a model needs it: what the story is and how far it is. No URLs, which are long and not for it. */
import type { Session } from '../../common/schemas';

export const sessionBrief = (session: Session) => ({
  session_id: session.session_id,
  status: session.status,
  revision: session.revision,
  title: session.title,
  topic: session.topic,
  audience: session.audience,
  genre: session.genre,
  language: session.language,
  outline: session.outline,
  segments: session.segments.map(
    ({ segment_id, index, heading, text, image_prompt, image_key, audio_key, revision }) => ({
      segment_id,
      index,
      heading,
      text,
      image_prompt,
      has_image: image_key !== null,
      has_audio: audio_key !== null,
      revision,
    }),
  ),
  error: session.error,
  failed_images: session.job?.failed,
});
