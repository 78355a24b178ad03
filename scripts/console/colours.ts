/** Colour where a person looks: on a terminal, and not when NO_COLOR says otherwise. */
import pc from 'picocolors';

export function coloursFor(stream: NodeJS.WriteStream): ReturnType<typeof pc.createColors> {
  return pc.createColors(stream.isTTY === true && (process.env['NO_COLOR'] ?? '') === '');
}
