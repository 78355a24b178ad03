/** A small story of our own, for pages that need one without a model. */
import { randomUUID } from 'node:crypto';
import type { Outline, Segment, Topic } from '../../services/story-42/common/schemas';

const parts = [
  [
    'The Keeper Who Left a Lamp On',
    'Ottilie kept the lighthouse at Quill Point, and every evening she did two things. She lit the great lamp for the ships, and then she lit a small one for herself, because Ottilie was afraid of the dark.\n\nNobody knew. The gulls may have guessed, for they saw the little yellow window under the big white beam; but gulls keep secrets, mostly because nobody asks them anything.',
  ],
  [
    'A Knock from Below',
    'One night in November there came a knock. It did not come from the door. It came from the floor, three times, politely, and the teaspoons shivered in their cup.\n\n“Come in,” said Ottilie, who had been well brought up, and the cellar hatch rose by the width of a hand. Two round eyes looked out, as pale as porcelain plates.',
  ],
  [
    'What the Dark Was Afraid Of',
    '“I am the dark,” said the eyes, “or a small piece of it. Might I stay under your table? It is so very bright out there, with that lamp of yours going round and round.”\n\nOttilie thought about this for as long as a kettle takes. Then she fetched a second cup, turned her own lamp low, and for the first time in her life sat in the dark on purpose, to keep it company.',
  ],
  [
    'The Night the Great Lamp Failed',
    'It was the dark that noticed first. “It is gone,” it whispered, and it sounded sorry, for out on the water a bell was ringing where no bell should be.',
  ],
  [
    'Two Lights at Quill Point',
    'In the morning the fishermen said that the night had parted before them like a curtain, just wide enough for one boat. Ottilie said nothing at all, and poured three cups of tea.',
  ],
] as const;

export function topicsOf(count: number): Topic[] {
  const titles = [
    'The Lighthouse Under the Stairs',
    'A Map Drawn by Moths',
    'The Last Winter of the Paper King',
    'Grandmother’s Second Shadow',
    'The Boy Who Borrowed Thunder',
    'Eleven Umbrellas and a Whale',
  ];
  return Array.from({ length: count }, (_, index) => ({
    id: String(index + 1),
    title: titles[index % titles.length]!,
    summary: 'Somebody finds a door that was not there yesterday, and learns why it has waited until today.',
  }));
}

export function outlineOf(count: number): Outline {
  return {
    title: 'The Lamp at Quill Point',
    summary:
      'A lighthouse keeper who is afraid of the dark finds out that the dark, for its part, has always been a little afraid of her.',
    segments: Array.from({ length: count }, (_, index) => ({
      index: index + 1,
      heading: parts[index % parts.length]![0],
      synopsis: `${parts[index % parts.length]![1].split('. ')[0]!}.`,
    })),
  };
}

export function segmentsOf(outline: Outline): Segment[] {
  return outline.segments.map(({ index, heading }) => ({
    segment_id: randomUUID(),
    index,
    heading,
    text: parts[(index - 1) % parts.length]![1],
    image_prompt: `An illustration for “${heading}”`,
    image_key: null,
    audio_key: null,
    revision: 1,
  }));
}
