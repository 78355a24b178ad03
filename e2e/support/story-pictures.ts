/** Small landscapes as PNG files, another one for each seed: stand-ins for pictures that a model would paint. */
import { deflateSync } from 'node:zlib';

type Colour = readonly [number, number, number];

const skies: readonly (readonly [top: Colour, bottom: Colour, hill: Colour])[] = [
  [
    [28, 42, 84],
    [222, 140, 104],
    [38, 52, 66],
  ],
  [
    [92, 140, 168],
    [244, 222, 178],
    [74, 104, 84],
  ],
  [
    [38, 30, 66],
    [148, 92, 128],
    [30, 26, 44],
  ],
  [
    [150, 186, 176],
    [250, 236, 206],
    [96, 118, 72],
  ],
];

export function paintPng(seed: number, size = 320): Buffer {
  const [top, bottom, hill] = skies[seed % skies.length]!;
  const moonX = size * (0.25 + 0.5 * fraction(seed * 7.13));
  const moonY = size * (0.2 + 0.15 * fraction(seed * 3.71));
  const rows = Buffer.alloc(size * (size * 3 + 1));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      let colour = mix(top, bottom, Math.min(1, y / (size * 0.72)));
      if (Math.hypot(x - moonX, y - moonY) < size * 0.09) colour = mix(colour, [255, 244, 214], 0.85);
      for (let layer = 0; layer < 3; layer++) {
        const wave = Math.sin(x / (size * (0.16 + 0.05 * layer)) + seed * 1.7 + layer * 2.1);
        const ridge = size * (0.56 + 0.13 * layer) + wave * size * 0.05;
        if (y > ridge) colour = mix(hill, bottom, 0.45 - 0.2 * layer);
      }
      const at = y * (size * 3 + 1) + 1 + x * 3;
      colour.forEach((value, channel) => (rows[at + channel] = Math.round(value)));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/** Half a second of a soft tone as a WAV file. */
export function toneWav(): Buffer {
  const samples = 4000;
  const data = Buffer.alloc(samples);
  for (let index = 0; index < samples; index++) data[index] = 128 + Math.round(30 * Math.sin(index / 4));
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + samples, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000, 28);
  header.writeUInt16LE(1, 32);
  header.writeUInt16LE(8, 34);
  header.write('data', 36);
  header.writeUInt32LE(samples, 40);
  return Buffer.concat([header, data]);
}

const fraction = (value: number): number => value - Math.floor(value);

function mix(from: Colour, to: Colour, part: number): Colour {
  return [0, 1, 2].map((channel) => from[channel]! + (to[channel]! - from[channel]!) * part) as unknown as Colour;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(data: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of data) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}
