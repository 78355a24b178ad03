/**
 * An Aurora PostgreSQL cluster, Serverless v2: one writer that grows and shrinks with its load, in isolated subnets, and
 * the secret with what a client needs to reach it. The password is generated and written past plan and state, to the
 * cluster and to the secret in one run; raising `passwordVersion` does so again, for a rotation or after a run that
 * failed between the two.
 */
import { DbSubnetGroup } from '@cdktf/provider-aws/lib/db-subnet-group';
import { RdsCluster } from '@cdktf/provider-aws/lib/rds-cluster';
import { RdsClusterInstance } from '@cdktf/provider-aws/lib/rds-cluster-instance';
import { Fn, TerraformStack, Token } from 'cdktf';
import { Construct } from 'constructs';
import { check, inRange, matches, unless, type Rule } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Naming } from '../naming/naming';
import type { SecurityGroup } from '../networking/security-group';
import type { Vpc } from '../networking/vpc';
import { GeneratedPassword } from '../secrets/generated-password';
import { Secret } from '../secrets/secret';

export interface AuroraClusterProps {
  readonly naming: Naming;
  /** Last part of the cluster's name; the writer's, the subnet group's and the secret's begin with it. */
  readonly part: string;
  /** Its isolated subnets are where the cluster lives. */
  readonly vpc: Vpc;
  /** Says who reaches the database. */
  readonly securityGroup: SecurityGroup;
  /** The database made with the cluster. */
  readonly databaseName: string;
  /** Major and minor version such as `15.12`, or the major one alone, which takes AWS's default minor version. */
  readonly engineVersion: string;
  /** In Aurora capacity units (2 GiB each), steps of a half; what is billed when nothing happens. @default 0.5 */
  readonly minimumCapacityAcu?: number;
  /** In Aurora capacity units, 1 to 256. @default 2 */
  readonly maximumCapacityAcu?: number;
  /** @default 'postgres' */
  readonly masterUsername?: string;
  /** @default 5432 */
  readonly port?: number;
  /** Any other number makes a new password. @default 1 */
  readonly passwordVersion?: number;
  /** 1 to 35 days; storage up to the size of the database is free. @default 7 */
  readonly backupRetentionDays?: number;
  /** Refuses deletion in AWS and in Terraform, of the secret too; a deleted secret's name stays taken for 30 days. @default false */
  readonly deletionProtection?: boolean;
  /** Whether deletion leaves a snapshot, named after the cluster. @default - as `deletionProtection` */
  readonly finalSnapshot?: boolean;
}

export class AuroraCluster extends Construct {
  readonly resource: RdsCluster;
  readonly writer: RdsClusterInstance;
  /** JSON with `username`, `password`, `host`, `port`, `dbname` and `engine`. Grants reading itself. */
  readonly secret: Secret;
  readonly databaseName: string;
  readonly port: number;

  constructor(scope: Construct, id: string, props: AuroraClusterProps) {
    super(scope, id);
    const { naming, part, vpc, engineVersion, databaseName, masterUsername = 'postgres', port = 5432 } = props;
    const { minimumCapacityAcu = 0.5, maximumCapacityAcu = 2, passwordVersion = 1, backupRetentionDays = 7 } = props;
    const { deletionProtection = false, finalSnapshot = deletionProtection } = props;
    check(this, 'data.AuroraCluster', [
      unless(vpc.isolatedSubnets.length === 0, 'vpc has no isolated subnets; allowed: a VPC with the tier "isolated"'),
      matches('databaseName', databaseName, /^[a-z][a-z0-9_]{0,62}$/, '1 to 63 of a-z 0-9 _, a letter first'),
      matches('engineVersion', engineVersion, /^1[3-9](\.\d{1,2})?$/, 'a major version from 13, or such as 15.12'),
      capacity('minimumCapacityAcu', minimumCapacityAcu, 0.5),
      capacity('maximumCapacityAcu', maximumCapacityAcu, 1),
      unless(
        minimumCapacityAcu > maximumCapacityAcu,
        `minimumCapacityAcu is ${minimumCapacityAcu}; allowed: up to maximumCapacityAcu, which is ${maximumCapacityAcu}`,
      ),
      matches(
        'masterUsername',
        masterUsername,
        /^(?!(admin|rdsadmin|rdsproxyadmin|rdsrepladmin|rds_.*|pg_.*)$)[a-z][a-z0-9_]{0,62}$/,
        '1 to 63 of a-z 0-9 _, a letter first, and none that RDS keeps for itself',
      ),
      inRange('port', port, 1150, 65_535),
      inRange('passwordVersion', passwordVersion, 1, Number.MAX_SAFE_INTEGER),
      inRange('backupRetentionDays', backupRetentionDays, 1, 35, 'days'),
    ]);
    this.databaseName = databaseName;
    this.port = port;

    const password = new GeneratedPassword(this, 'Password');
    const subnets = new DbSubnetGroup(this, 'Subnets', {
      name: naming.name('aws_db_subnet_group', part),
      description: 'Isolated subnets, without any way to the Internet',
      subnetIds: vpc.isolatedSubnets.map((subnet) => subnet.id),
    });
    const clusterIdentifier = naming.name('aws_rds_cluster', part);
    this.resource = new RdsCluster(this, 'Resource', {
      clusterIdentifier,
      engine: 'aurora-postgresql',
      // Serverless v2 is this mode with an instance class of its own; the mode named serverless was v1.
      engineMode: 'provisioned',
      engineVersion,
      databaseName,
      port,
      masterUsername,
      masterPasswordWo: password.value,
      masterPasswordWoVersion: passwordVersion,
      dbSubnetGroupName: subnets.name,
      vpcSecurityGroupIds: [props.securityGroup.id],
      serverlessv2ScalingConfiguration: { minCapacity: minimumCapacityAcu, maxCapacity: maximumCapacityAcu },
      storageEncrypted: true,
      backupRetentionPeriod: backupRetentionDays,
      copyTagsToSnapshot: true,
      deletionProtection,
      skipFinalSnapshot: !finalSnapshot,
      finalSnapshotIdentifier: finalSnapshot ? `${clusterIdentifier}-final` : undefined,
      // A change of capacity or password that waits for the maintenance window surprises whoever made it.
      applyImmediately: true,
      lifecycle: deletionProtection ? { preventDestroy: true } : undefined,
    });
    this.writer = new RdsClusterInstance(this, 'Writer', {
      identifier: naming.name('aws_rds_cluster_instance', `${part}-writer`),
      clusterIdentifier: this.resource.id,
      engine: this.resource.engine,
      engineVersion: this.resource.engineVersion,
      instanceClass: 'db.serverless',
      publiclyAccessible: false,
      autoMinorVersionUpgrade: true,
      copyTagsToSnapshot: true,
      applyImmediately: true,
    });
    this.secret = new Secret(this, 'Credentials', {
      naming,
      part: `${part}-credentials`,
      description: `How to reach the database ${databaseName} of ${clusterIdentifier}`,
      recoveryWindowDays: deletionProtection ? 30 : 0,
      deletionProtection,
      writeOnlyValue: this.#credentials(masterUsername, password),
      valueVersion: passwordVersion,
      // A cluster that is replaced has another password and another host; its id among all clusters tells.
      rewriteWith: [`aws_rds_cluster.${TerraformStack.of(this).getLogicalId(this.resource)}.cluster_resource_id`],
    });
    this.#acceptFindings(deletionProtection);
  }

  /** Host name of the writer, whichever instance that is. */
  get endpoint(): string {
    return this.resource.endpoint;
  }

  get secretArn(): string {
    return this.secret.arn;
  }

  #credentials(username: string, password: GeneratedPassword): string {
    return Token.asString(
      Fn.jsonencode({
        username,
        password: password.value,
        host: this.resource.endpoint,
        port: this.port,
        dbname: this.databaseName,
        engine: 'postgres',
      }),
    );
  }

  #acceptFindings(deletionProtection: boolean): void {
    const owner = 'platform';
    if (!deletionProtection) {
      skipChecks(this.resource, ['CKV_AWS_139'], {
        reason: 'deletion protection is a value of the environment; protected ones must have it',
        owner,
      });
    }
    skipChecks(this.resource, ['CKV_AWS_162'], {
      reason: 'clients sign in with the generated password of the secret, over connections that they keep',
      owner,
    });
    skipChecks(this.resource, ['CKV_AWS_324', 'CKV2_AWS_27'], {
      reason: "clients log their own failures; a log of statements would hold people's texts and is billed by volume",
      owner,
    });
    skipChecks(this.resource, ['CKV_AWS_327'], {
      reason: "RDS encrypts with the account's managed key; a key of ours adds $1 a month and a way to lose the data",
      owner,
    });
    skipChecks(this.resource, ['CKV2_AWS_8'], {
      reason: 'Aurora backs itself up continuously, for as long as the environment says; AWS Backup would do so twice',
      owner,
    });
    skipChecks(this.writer, ['CKV_AWS_118', 'CKV_AWS_353'], {
      reason:
        'the metrics that Aurora gives for nothing show load and capacity of one small writer; more of them is billed',
      owner,
    });
  }
}

/** Half units, as Aurora counts. */
function capacity(prop: string, value: number, minimum: number): Rule {
  return unless(
    !Number.isInteger(value * 2) || value < minimum || value > 256,
    `${prop} is ${value}; allowed: ${minimum} to 256 ACU in steps of 0.5`,
  );
}
