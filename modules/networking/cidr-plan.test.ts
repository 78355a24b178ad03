import fc from 'fast-check';
import { cidrProblems, parseCidr, planCidrs, subnetLayouts, subnetTiers } from './cidr-plan';

const size = (prefixLength: number): number => 2 ** (32 - prefixLength);
const range = (text: string): { first: number; last: number } => {
  const { address, prefixLength } = parseCidr(text)!;
  return { first: address, last: address + size(prefixLength) - 1 };
};

describe('planCidrs', () => {
  it('gives the reference network its exact ranges', () => {
    expect(planCidrs({ cidrBlock: '10.0.0.0/16', subnetPrefixLength: 24, zones: 2 })).toEqual({
      public: ['10.0.1.0/24', '10.0.2.0/24'],
      private: ['10.0.10.0/24', '10.0.11.0/24'],
      isolated: [],
    });
  });

  it('leaves out a tier, and needs less room, when told', () => {
    const input = { cidrBlock: '10.42.0.0/16', subnetPrefixLength: 24, zones: 2, tiers: ['public'] } as const;
    expect(planCidrs(input)).toEqual({ public: ['10.42.1.0/24', '10.42.2.0/24'], private: [], isolated: [] });
    expect(cidrProblems({ ...input, cidrBlock: '10.42.0.0/22' })).toEqual([]);
    expect(cidrProblems({ ...input, cidrBlock: '10.42.0.0/23' })).toEqual([
      'cidrBlock "10.42.0.0/23" is too small: subnets of /24 up to number 2 need at least /22',
    ]);
  });

  it('packs few large subnets from the start of the range, in the order of the tiers', () => {
    const input = { cidrBlock: '10.0.0.0/16', subnetPrefixLength: 20, zones: 2, layout: 'packed' } as const;
    expect(planCidrs({ ...input, tiers: ['isolated', 'public', 'private'] })).toEqual({
      public: ['10.0.0.0/20', '10.0.16.0/20'],
      private: ['10.0.32.0/20', '10.0.48.0/20'],
      isolated: ['10.0.64.0/20', '10.0.80.0/20'],
    });
    expect(planCidrs({ ...input, tiers: ['public', 'isolated'] })).toEqual({
      public: ['10.0.0.0/20', '10.0.16.0/20'],
      private: [],
      isolated: ['10.0.32.0/20', '10.0.48.0/20'],
    });
    const all = { ...input, tiers: ['public', 'private', 'isolated'] } as const;
    expect(cidrProblems({ ...all, cidrBlock: '10.0.0.0/17' })).toEqual([]);
    expect(cidrProblems({ ...all, cidrBlock: '10.0.0.0/18' })).toEqual([
      'cidrBlock "10.0.0.0/18" is too small: subnets of /20 up to number 5 need at least /17',
    ]);
  });

  it('keeps isolated subnets clear of the others in the spaced layout', () => {
    const input = {
      cidrBlock: '10.0.0.0/16',
      subnetPrefixLength: 24,
      zones: 2,
      tiers: ['public', 'isolated'],
    } as const;
    expect(planCidrs(input).isolated).toEqual(['10.0.19.0/24', '10.0.20.0/24']);
    expect(cidrProblems({ ...input, cidrBlock: '10.0.0.0/19' })).toEqual([]);
    expect(cidrProblems({ ...input, cidrBlock: '10.0.0.0/20' })).toEqual([
      'cidrBlock "10.0.0.0/20" is too small: subnets of /24 up to number 20 need at least /19',
    ]);
  });

  it('always has distinct subnets inside the network, each starting at its own border', () => {
    const input = fc
      .record({
        prefixLength: fc.integer({ min: 16, max: 22 }),
        zones: fc.integer({ min: 1, max: 9 }),
        seed: fc.nat(2 ** 32 - 1),
        layout: fc.constantFrom(...subnetLayouts),
      })
      .chain(({ prefixLength, zones, seed, layout }) =>
        fc.integer({ min: prefixLength + 5, max: 28 }).map((subnetPrefixLength) => {
          const start = seed - (seed % size(prefixLength));
          const parts = [24, 16, 8, 0].map((shift) => Math.floor(start / 2 ** shift) % 256);
          return {
            cidrBlock: `${parts.join('.')}/${prefixLength}`,
            subnetPrefixLength,
            zones,
            layout,
            tiers: subnetTiers,
          };
        }),
      );
    fc.assert(
      fc.property(input, (given) => {
        expect(cidrProblems(given)).toEqual([]);
        const plan = planCidrs(given);
        const whole = range(given.cidrBlock);
        const subnets = [...plan.public, ...plan.private, ...plan.isolated]
          .map(range)
          .sort((a, b) => a.first - b.first);
        expect(plan.public).toHaveLength(given.zones);
        expect(plan.private).toHaveLength(given.zones);
        expect(plan.isolated).toHaveLength(given.zones);
        subnets.forEach((subnet, index) => {
          expect(subnet.first).toBeGreaterThanOrEqual(whole.first);
          expect(subnet.last).toBeLessThanOrEqual(whole.last);
          expect(subnet.first % size(given.subnetPrefixLength)).toBe(0);
          if (index > 0) expect(subnet.first).toBeGreaterThan(subnets[index - 1]!.last);
        });
      }),
    );
  });
});

describe('cidrProblems', () => {
  const of = (cidrBlock: string, subnetPrefixLength = 24, zones = 2) =>
    cidrProblems({ cidrBlock, subnetPrefixLength, zones });

  it.each([
    ['10.0.0.0/20', []],
    ['10.0.0.0/21', ['cidrBlock "10.0.0.0/21" is too small: subnets of /24 up to number 11 need at least /20']],
    ['10.0.0.0/16', []],
    ['10.0.0.0/15', ['cidrBlock "10.0.0.0/15" is /15; AWS allows /16 to /28']],
    ['10.0.1.0/16', ['cidrBlock "10.0.1.0/16" does not start at its own border; meant: 10.0.0.0/16']],
    ['10.0.0.256/16', ['cidrBlock "10.0.0.256/16" is not a range; allowed: IPv4 such as 10.0.0.0/16']],
    ['nonsense', ['cidrBlock "nonsense" is not a range; allowed: IPv4 such as 10.0.0.0/16']],
  ])('%s', (cidrBlock, expected) => expect(of(cidrBlock)).toEqual(expected));

  it('bounds the subnets and the zones', () => {
    expect(of('10.0.0.0/16', 28)).toEqual([]);
    expect(of('10.0.0.0/16', 29)).toEqual(['subnetPrefixLength is 29; AWS allows 16 to 28']);
    expect(of('10.0.0.0/16', 24, 9)).toEqual([]);
    expect(of('10.0.0.0/16', 24, 10)).toEqual(['availabilityZones has 10; the address plan has room for 9']);
  });

  it('lists several problems, and planning refuses them', () => {
    const input = { cidrBlock: '10.0.0.1/29', subnetPrefixLength: 24, zones: 2 };
    expect(cidrProblems(input)).toEqual([
      'cidrBlock "10.0.0.1/29" is /29; AWS allows /16 to /28',
      'cidrBlock "10.0.0.1/29" does not start at its own border; meant: 10.0.0.0/29',
      'cidrBlock "10.0.0.1/29" is too small: subnets of /24 up to number 11 need at least /20',
    ]);
    expect(() => planCidrs(input)).toThrow(cidrProblems(input).join('; '));
  });
});
