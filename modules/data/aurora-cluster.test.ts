import type { TerraformStack } from 'cdktf';
import { Role } from '../iam/role';
import { Naming } from '../naming/naming';
import { SecurityGroup } from '../networking/security-group';
import { Vpc } from '../networking/vpc';
import type { SubnetTier } from '../networking/cidr-plan';
import { statefulTypes } from '../stateful';
import { account, expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { AuroraCluster, type AuroraClusterProps } from './aurora-cluster';

type Settings = Omit<AuroraClusterProps, 'vpc' | 'securityGroup'>;
const base: Settings = { naming, part: 'aurora', databaseName: 'shop', engineVersion: '15.12' };

function place(stack: TerraformStack, id: string, tiers: readonly SubnetTier[] = ['public', 'isolated']) {
  const zones = ['us-west-2a', 'us-west-2b'];
  const vpc = new Vpc(stack, id, { naming, account, cidrBlock: '10.0.0.0/16', availabilityZones: zones, tiers });
  return { vpc, securityGroup: new SecurityGroup(stack, `${id}-group`, { naming, part: id, vpc, description: 'd' }) };
}
const build = (stack: TerraformStack, props: Partial<Settings> = {}) =>
  new AuroraCluster(stack, 'aurora', { ...base, ...props, ...place(stack, 'network') });
const cluster = (props: Partial<Settings> = {}) => synth((stack) => build(stack, props));

const PASSWORD = 'ephemeral.aws_secretsmanager_random_password.aurora_Password_';

describe('data.AuroraCluster', () => {
  it('is Serverless v2 with one writer in the isolated subnets', () => {
    const found = cluster();
    expect(found.only('aws_rds_cluster')).toMatchObject({
      cluster_identifier: 'shop-test-aurora',
      engine: 'aurora-postgresql',
      engine_mode: 'provisioned',
      engine_version: '15.12',
      database_name: 'shop',
      port: 5432,
      db_subnet_group_name: expect.stringMatching(/^\$\{aws_db_subnet_group\.aurora_Subnets_\w+\.name\}$/),
      vpc_security_group_ids: [expect.stringContaining('aws_security_group.network-group_')],
      serverlessv2_scaling_configuration: { min_capacity: 0.5, max_capacity: 2 },
      storage_encrypted: true,
    });
    expect(found.only('aws_rds_cluster_instance')).toMatchObject({
      identifier: 'shop-test-aurora-writer',
      cluster_identifier: expect.stringMatching(/^\$\{aws_rds_cluster\.aurora_\w+\.id\}$/),
      instance_class: 'db.serverless',
      publicly_accessible: false,
    });
    expect(found.only('aws_db_subnet_group')).toMatchObject({
      name: 'shop-test-aurora',
      subnet_ids: [
        expect.stringContaining('aws_subnet.network_Isolated1_'),
        expect.stringContaining('aws_subnet.network_Isolated2_'),
      ],
    });
  });

  it('generates its password and writes it to the cluster and to the secret alone, past the state', () => {
    const found = cluster();
    const resource = found.only('aws_rds_cluster');
    expect(resource).toMatchObject({
      master_username: 'postgres',
      master_password_wo: expect.stringContaining(`\${${PASSWORD}`),
      master_password_wo_version: 1,
    });
    const taken = JSON.stringify(found.json).match(/[a-z_]+":"[^"]*(?:\\"[^"]*)*random_password\.[^"]*(?:\\"[^"]*)*"/g);
    expect(taken?.map((text) => text.split('"')[0])).toEqual(['master_password_wo', 'secret_string_wo']);
    for (const kept of ['master_password', 'manage_master_user_password']) expect(resource[kept]).toBeUndefined();
  });

  it('tells a client all that it needs in one secret', () => {
    const found = cluster();
    expect(found.only('aws_secretsmanager_secret')).toMatchObject({
      name: 'shop/test/aurora-credentials',
      recovery_window_in_days: 0,
    });
    const { secret_string_wo: text, ...version } = found.only('aws_secretsmanager_secret_version');
    const value = String(text).replace(/aurora(_\w+)?_[0-9A-F]{8}/g, 'aurora$1');
    expect(value).toBe(
      '${jsonencode({"username" = "postgres", ' +
        '"password" = ephemeral.aws_secretsmanager_random_password.aurora_Password.random_password, ' +
        '"host" = aws_rds_cluster.aurora.endpoint, "port" = 5432, "dbname" = "shop", "engine" = "postgres"})}',
    );
    expect(version).toMatchObject({
      secret_string_wo_version: 1,
      lifecycle: {
        replace_triggered_by: [expect.stringMatching(/^aws_rds_cluster\.aurora_\w+\.cluster_resource_id$/)],
      },
    });
  });

  it('makes a new password for both when the version changes', () => {
    const found = cluster({ passwordVersion: 2 });
    expect(found.only('aws_rds_cluster')['master_password_wo_version']).toBe(2);
    expect(found.only('aws_secretsmanager_secret_version')['secret_string_wo_version']).toBe(2);
  });

  it('goes without a trace where that is wanted, and is protected where it is told', () => {
    const open = cluster({ backupRetentionDays: 1 }).only('aws_rds_cluster');
    expect(open).toMatchObject({ deletion_protection: false, skip_final_snapshot: true, backup_retention_period: 1 });
    expect(open['final_snapshot_identifier']).toBeUndefined();
    expect(open['lifecycle']).toBeUndefined();
    const found = cluster({ deletionProtection: true });
    expect(found.only('aws_rds_cluster')).toMatchObject({
      deletion_protection: true,
      skip_final_snapshot: false,
      final_snapshot_identifier: 'shop-test-aurora-final',
      backup_retention_period: 7,
      lifecycle: { prevent_destroy: true },
    });
    expect(found.only('aws_secretsmanager_secret')).toMatchObject({
      recovery_window_in_days: 30,
      lifecycle: { prevent_destroy: true },
    });
    expect(cluster({ deletionProtection: true, finalSnapshot: false }).only('aws_rds_cluster')).toMatchObject({
      skip_final_snapshot: true,
    });
  });

  it('pins the addresses of what holds data', () => {
    const holdsData = (address: string) => statefulTypes.has(address.split('.')[0] ?? '');
    expect(cluster().addresses.filter(holdsData)).toEqual([
      'aws_rds_cluster.aurora_0A2DF2B6',
      'aws_secretsmanager_secret.aurora_Credentials_EBABC8E4',
    ]);
  });

  it('exposes where it is, and grants its credentials through the secret', () => {
    const found = synth((stack) => {
      const role = new Role(stack, 'role', {
        naming,
        part: 'r',
        service: 'lambda.amazonaws.com',
        account,
        description: 'd',
      });
      const made = build(stack, { port: 5433 });
      made.secret.grantRead(role);
      expect([made.port, made.databaseName]).toEqual([5433, 'shop']);
      stack.addOverride('locals', { endpoint: made.endpoint, secret: made.secretArn });
    });
    expect(found.json['locals']).toEqual({
      endpoint: expect.stringMatching(/^\$\{aws_rds_cluster\.aurora_\w+\.endpoint\}$/),
      secret: expect.stringMatching(/^\$\{aws_secretsmanager_secret\.aurora_Credentials_\w+\.arn\}$/),
    });
    expect(statements(found.only('aws_iam_role_policy')['policy'])).toEqual([
      {
        Sid: 'ReadCredentials',
        Effect: 'Allow',
        Action: ['secretsmanager:GetSecretValue'],
        Resource: [expect.stringMatching(/^\$\{aws_secretsmanager_secret\.aurora_Credentials_\w+\.arn\}$/)],
      },
    ]);
  });

  it('accepts the finding on deletion protection only without it', () => {
    expect(skipsOf((stack) => build(stack))).toContain('CKV_AWS_139');
    expect(skipsOf((stack) => build(stack, { deletionProtection: true }))).not.toContain('CKV_AWS_139');
  });

  it('reports every problem at once', () => {
    const given: Settings = {
      ...base,
      databaseName: 'My-Shop',
      engineVersion: '12.4',
      minimumCapacityAcu: 1.2,
      maximumCapacityAcu: 0.5,
      masterUsername: 'admin',
      port: 80,
      passwordVersion: 0,
      backupRetentionDays: 0,
    };
    const withoutIsolated = () =>
      synth((stack) => new AuroraCluster(stack, 'aurora', { ...given, ...place(stack, 'network', ['public']) }));
    expect(messageOf(withoutIsolated)).toBe(
      [
        'data.AuroraCluster at test/aurora: 10 problems',
        '- vpc has no isolated subnets; allowed: a VPC with the tier "isolated"',
        '- databaseName is "My-Shop"; allowed: 1 to 63 of a-z 0-9 _, a letter first',
        '- engineVersion is "12.4"; allowed: a major version from 13, or such as 15.12',
        '- minimumCapacityAcu is 1.2; allowed: 0.5 to 256 ACU in steps of 0.5',
        '- maximumCapacityAcu is 0.5; allowed: 1 to 256 ACU in steps of 0.5',
        '- minimumCapacityAcu is 1.2; allowed: up to maximumCapacityAcu, which is 0.5',
        '- masterUsername is "admin"; allowed: 1 to 63 of a-z 0-9 _, a letter first, and none that RDS keeps for itself',
        '- port is 80; allowed: a whole number from 1150 to 65535',
        `- passwordVersion is 0; allowed: a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
        '- backupRetentionDays is 0; allowed: a whole number from 1 to 35 days',
      ].join('\n'),
    );
    expect(messageOf(() => cluster({ maximumCapacityAcu: 256.5, backupRetentionDays: 36 }))).toContain('2 problems');
    expect(() =>
      cluster({ engineVersion: '15', minimumCapacityAcu: 1, maximumCapacityAcu: 256, backupRetentionDays: 35 }),
    ).not.toThrow();
  });

  it('passes every prop on', () => {
    expectPassThrough<Settings & { readonly at: string }>(
      { ...base, at: 'one' },
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'store',
        at: 'two',
        databaseName: 'other',
        engineVersion: '16',
        minimumCapacityAcu: 1,
        maximumCapacityAcu: 8,
        masterUsername: 'owner',
        port: 5433,
        passwordVersion: 2,
        backupRetentionDays: 1,
        deletionProtection: true,
        finalSnapshot: true,
      },
      (stack, { at, ...props }) => {
        const places = { one: place(stack, 'one'), two: place(stack, 'two') };
        new AuroraCluster(stack, 'aurora', { ...props, ...places[at as keyof typeof places] });
      },
    );
  });
});
