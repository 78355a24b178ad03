import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, statements, synth } from '../testing';
import { Table, type TableProps } from './table';

const base: TableProps = { naming, part: 'items', partitionKey: { name: 'pk' } };
const table = (props: Partial<TableProps> = {}) => synth((stack) => new Table(stack, 'items', { ...base, ...props }));

describe('data.Table', () => {
  it('is billed by request and keyed by strings', () => {
    const found = table({ sortKey: { name: 'sk' } }).only('aws_dynamodb_table');
    expect(found).toMatchObject({
      name: 'shop-test-items',
      billing_mode: 'PAY_PER_REQUEST',
      hash_key: 'pk',
      range_key: 'sk',
      attribute: [
        { name: 'pk', type: 'S' },
        { name: 'sk', type: 'S' },
      ],
      point_in_time_recovery: { enabled: false },
      deletion_protection_enabled: false,
    });
    expect(found['ttl']).toBeUndefined();
    expect(found['lifecycle']).toBeUndefined();
    expect(found['global_secondary_index']).toBeUndefined();
  });

  it('expires, recovers and protects as told', () => {
    expect(
      table({ ttlAttribute: 'ttl', pointInTimeRecovery: true, deletionProtection: true }).only('aws_dynamodb_table'),
    ).toMatchObject({
      ttl: { attribute_name: 'ttl', enabled: true },
      point_in_time_recovery: { enabled: true },
      deletion_protection_enabled: true,
      lifecycle: { prevent_destroy: true },
    });
  });

  it('declares an index with its own key attributes, each once', () => {
    const index = { name: 'by-owner', partitionKey: { name: 'owner', type: 'N' as const }, sortKey: { name: 'pk' } };
    expect(table({ globalIndexes: [index] }).only('aws_dynamodb_table')).toMatchObject({
      attribute: [
        { name: 'pk', type: 'S' },
        { name: 'owner', type: 'N' },
      ],
      global_secondary_index: [
        {
          name: 'by-owner',
          key_schema: [
            { attribute_name: 'owner', key_type: 'HASH' },
            { attribute_name: 'pk', key_type: 'RANGE' },
          ],
          projection_type: 'ALL',
        },
      ],
    });
  });

  it('grants exactly six actions, on its indexes too when it has some', () => {
    const grants = (props: Partial<TableProps>) => {
      const found = synth((stack) => {
        const role = new Role(stack, 'role', {
          naming,
          part: 'r',
          service: 'ecs-tasks.amazonaws.com',
          account,
          description: 'd',
        });
        new Table(stack, 'items', { ...base, ...props }).grantReadWrite(role);
      });
      return statements(found.only('aws_iam_role_policy')['policy']);
    };
    expect(grants({})).toEqual([
      {
        Sid: 'Tableitems',
        Effect: 'Allow',
        Action: [
          'dynamodb:GetItem',
          'dynamodb:PutItem',
          'dynamodb:UpdateItem',
          'dynamodb:DeleteItem',
          'dynamodb:Query',
          'dynamodb:Scan',
        ],
        Resource: [expect.stringMatching(/^\$\{aws_dynamodb_table\.\w+\.arn\}$/)],
      },
    ]);
    const [withIndex] = grants({ globalIndexes: [{ name: 'by-x', partitionKey: { name: 'x' } }] });
    expect(withIndex?.Resource[1]).toMatch(/^\$\{aws_dynamodb_table\.\w+\.arn\}\/index\/\*$/);
  });

  it('reports every problem at once', () => {
    const given: Partial<TableProps> = {
      ttlAttribute: 'pk',
      globalIndexes: [
        { name: 'x', partitionKey: { name: 'pk', type: 'N' } },
        { name: 'x', partitionKey: { name: 'other' } },
      ],
    };
    expect(messageOf(() => table(given))).toBe(
      [
        'data.Table at test/items: 5 problems',
        '- globalIndexes.name is "x"; allowed: 3 to 255 of A-Z a-z 0-9 _ . -',
        '- globalIndexes.name is "x"; allowed: 3 to 255 of A-Z a-z 0-9 _ . -',
        '- globalIndexes is x, x; allowed: each name once',
        '- ttlAttribute is "pk", which is a key; allowed: an attribute of its own',
        '- key "pk" has two types; allowed: one',
      ].join('\n'),
    );
    const indexes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ name: `index-${i}`, partitionKey: { name: 'other' } }));
    expect(() => table({ globalIndexes: indexes(20) })).not.toThrow();
    expect(messageOf(() => table({ globalIndexes: indexes(21) }))).toBe(
      'data.Table at test/items: 1 problem\n- globalIndexes has 21; DynamoDB allows 20',
    );
  });

  it('passes every prop on', () => {
    expectPassThrough<TableProps>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'things',
        partitionKey: { name: 'id' },
        sortKey: { name: 'sk' },
        ttlAttribute: 'ttl',
        globalIndexes: [{ name: 'by-x', partitionKey: { name: 'x' } }],
        pointInTimeRecovery: true,
        deletionProtection: true,
      },
      (stack, props) => new Table(stack, 'items', props),
    );
  });
});
