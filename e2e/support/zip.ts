/** Code of zip functions for tests. */
import { crc32 } from 'node:zlib';

/** Gives back the event with what the function knows of itself. */
export const echoFunction = `
exports.handler = async (event, context) => ({
  statusCode: 200,
  headers: { 'content-type': 'application/json', 'access-control-allow-origin': '*' },
  multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] },
  body: JSON.stringify({ ...event, function: { name: context.functionName, region: process.env.AWS_REGION } }),
});
`;

/** A zip with one stored (not compressed) file. */
export function zipOf(file: string, content: string): Buffer {
  const data = Buffer.from(content);
  const path = Buffer.from(file);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(0x21, 8);
  shared.writeUInt32LE(crc32(data), 10);
  shared.writeUInt32LE(data.length, 14);
  shared.writeUInt32LE(data.length, 18);
  shared.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, path, data]);
  const entry = Buffer.concat([
    Buffer.from('PK\x01\x02\x14\x03', 'latin1'),
    shared,
    Buffer.alloc(6),
    Buffer.from([0, 0, 0xa4, 0x81]),
    Buffer.alloc(4),
    path,
  ]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(entry.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, entry, end]);
}
