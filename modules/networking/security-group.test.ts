import type { TerraformStack } from 'cdktf';
import { Naming } from '../naming/naming';
import { account, expectPassThrough, messageOf, naming, synth } from '../testing';
import { SecurityGroup, type SecurityGroupProps } from './security-group';
import { Vpc } from './vpc';

const network = (stack: TerraformStack, id = 'network') =>
  new Vpc(stack, id, { naming, account, cidrBlock: '10.0.0.0/16', availabilityZones: ['us-east-1a', 'us-east-1b'] });
const groups = (build: (database: SecurityGroup, functions: SecurityGroup) => void) =>
  synth((stack) => {
    const vpc = network(stack);
    const group = (part: string) => new SecurityGroup(stack, part, { naming, part, vpc, description: `For ${part}` });
    build(group('database'), group('functions'));
  });
const rule = { port: 5432, description: 'Postgres' };

describe('networking.SecurityGroup', () => {
  it('is closed both ways until a rule is added', () => {
    const found = groups(() => undefined);
    expect(found.all('aws_security_group')).toEqual(
      ['database', 'functions'].map((part) => ({
        name: `shop-test-${part}`,
        description: `For ${part}`,
        vpc_id: expect.stringContaining('aws_vpc.network_'),
      })),
    );
    expect(found.addresses.filter((address) => address.includes('gress'))).toEqual([]);
  });

  it('lets one group reach another on one port', () => {
    const found = groups((database, functions) => {
      database.letIn('FromFunctions', functions, rule);
      functions.letOut('ToDatabase', database, rule);
    });
    const between = (own: string, other: string) => ({
      security_group_id: expect.stringContaining(`aws_security_group.${own}_`),
      referenced_security_group_id: expect.stringContaining(`aws_security_group.${other}_`),
      description: 'Postgres',
      ip_protocol: 'tcp',
      from_port: 5432,
      to_port: 5432,
    });
    expect(found.only('aws_vpc_security_group_ingress_rule')).toEqual(between('database', 'functions'));
    expect(found.only('aws_vpc_security_group_egress_rule')).toEqual(between('functions', 'database'));
    expect(found.addresses.filter((address) => address.includes('gress'))).toEqual([
      expect.stringContaining('.functions_ToDatabase_'),
      expect.stringContaining('.database_FromFunctions_'),
    ]);
  });

  it('lets members out to anywhere when told', () => {
    expect(
      groups((_, functions) => functions.letOutAnywhere('AWS and its models')).only(
        'aws_vpc_security_group_egress_rule',
      ),
    ).toEqual({
      security_group_id: expect.stringContaining('aws_security_group.functions_'),
      description: 'AWS and its models',
      ip_protocol: '-1',
      cidr_ipv4: '0.0.0.0/0',
    });
  });

  it('refuses ports that do not exist and descriptions that AWS does not take', () => {
    const allowed = '1 to 255 letters, digits, spaces and . _ - : / ( ) # , @ [ ] + = & ; { } ! $ *';
    expect(
      messageOf(() => groups((a, b) => a.letIn('Bad', b, { port: 65_536, description: "the functions' calls" }))),
    ).toBe(
      [
        'networking.SecurityGroup at test/database: 2 problems',
        '- port is 65536; allowed: a whole number from 1 to 65535',
        `- description is "the functions' calls"; allowed: ${allowed}`,
      ].join('\n'),
    );
    expect(messageOf(() => groups((a, b) => a.letOut('Bad', b, { port: 0, description: 'x' })))).toContain(
      'port is 0;',
    );
    expect(messageOf(() => groups((a) => a.letOutAnywhere('')))).toContain('description is "";');
    expect(() => groups((a, b) => a.letIn('Good', b, { port: 65_535, description: 'x'.repeat(255) }))).not.toThrow();
    expect(
      messageOf(() =>
        synth((stack) => {
          const vpc = network(stack);
          new SecurityGroup(stack, 'group', { naming, part: 'group', vpc, description: 'x'.repeat(256) });
        }),
      ),
    ).toMatch(/^networking\.SecurityGroup at test\/group: 1 problem\n- description is "x{256}"/);
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<SecurityGroupProps, 'vpc'> & { readonly vpcId: string }>(
      { naming, part: 'database', description: 'One', vpcId: 'network' },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'functions',
        description: 'Two',
        vpcId: 'other',
      },
      (stack, { vpcId, ...props }) => {
        const vpcs = { network: network(stack), other: network(stack, 'other') };
        new SecurityGroup(stack, 'group', { ...props, vpc: vpcs[vpcId as keyof typeof vpcs] });
      },
    );
  });
});
