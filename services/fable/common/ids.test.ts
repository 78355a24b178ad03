import fc from 'fast-check';
import { buildIdSchema, uuidV7 } from './ids';

test('the example of RFC 9562', () => {
  const random = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
  expect(uuidV7(new Date(0x017f22e279b0), random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
});

test('ids sort as their moments', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: 1, max: 2 ** 40 }), (time, later) => {
      const [first, second] = [uuidV7(new Date(time)), uuidV7(new Date(time + later))];
      expect(first < second).toBe(true);
      expect(buildIdSchema.safeParse(first).success).toBe(true);
    }),
  );
});

test('two of one moment differ', () => {
  const now = new Date();
  expect(uuidV7(now)).not.toBe(uuidV7(now));
});
