/** A DynamoDB table billed by request. It grants access to itself; nobody else writes its ARN into a policy. */
import { DynamodbTable } from '@cdktf/provider-aws/lib/dynamodb-table';
import { Construct } from 'constructs';
import { check, matches, unless } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { Grantee } from '../iam/policy';
import type { Naming } from '../naming/naming';

export interface KeyAttribute {
  readonly name: string;
  /** String, number or binary. @default 'S' */
  readonly type?: 'S' | 'N' | 'B';
}

export interface GlobalIndex {
  readonly name: string;
  readonly partitionKey: KeyAttribute;
  /** @default - hash key only */
  readonly sortKey?: KeyAttribute;
}

export interface TableProps {
  readonly naming: Naming;
  /** Last part of the name. */
  readonly part: string;
  readonly partitionKey: KeyAttribute;
  /** @default - no sort key */
  readonly sortKey?: KeyAttribute;
  /** A number of epoch seconds; DynamoDB deletes items some time after it. @default - items do not expire */
  readonly ttlAttribute?: string;
  /** Every one with all attributes projected. @default - none */
  readonly globalIndexes?: readonly GlobalIndex[];
  /** Continuous backups of 35 days, billed by size. @default false */
  readonly pointInTimeRecovery?: boolean;
  /** Refuses deletion in AWS and in Terraform. @default false */
  readonly deletionProtection?: boolean;
}

/** All that a service needs to keep its items. No table or stream administration. */
export const readWriteActions = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'Scan'] as const;
export type TableAction = (typeof readWriteActions)[number];

export class Table extends Construct {
  readonly resource: DynamodbTable;
  readonly #hasIndexes: boolean;

  constructor(scope: Construct, id: string, props: TableProps) {
    super(scope, id);
    const { globalIndexes: indexes = [], pointInTimeRecovery = false, deletionProtection = false } = props;
    const keys = [
      props.partitionKey,
      props.sortKey,
      ...indexes.flatMap((index) => [index.partitionKey, index.sortKey]),
    ];
    const attributes = new Map(keys.filter((key) => key !== undefined).map((key) => [key.name, key.type ?? 'S']));
    check(this, 'data.Table', [
      unless(indexes.length > 20, `globalIndexes has ${indexes.length}; DynamoDB allows 20`),
      ...indexes.map(({ name }) =>
        matches('globalIndexes.name', name, /^[A-Za-z0-9_.-]{3,255}$/, '3 to 255 of A-Z a-z 0-9 _ . -'),
      ),
      unless(
        new Set(indexes.map(({ name }) => name)).size !== indexes.length,
        `globalIndexes is ${indexes.map(({ name }) => name).join(', ')}; allowed: each name once`,
      ),
      unless(
        props.ttlAttribute !== undefined && attributes.has(props.ttlAttribute),
        `ttlAttribute is "${props.ttlAttribute}", which is a key; allowed: an attribute of its own`,
      ),
      ...keys.map((key) =>
        unless(
          key !== undefined && (key.type ?? 'S') !== attributes.get(key.name),
          `key "${key?.name}" has two types; allowed: one`,
        ),
      ),
    ]);
    this.#hasIndexes = indexes.length > 0;

    this.resource = new DynamodbTable(this, 'Resource', {
      name: props.naming.name('aws_dynamodb_table', props.part),
      billingMode: 'PAY_PER_REQUEST',
      hashKey: props.partitionKey.name,
      rangeKey: props.sortKey?.name,
      attribute: [...attributes].map(([name, type]) => ({ name, type })),
      ttl: props.ttlAttribute === undefined ? undefined : { attributeName: props.ttlAttribute, enabled: true },
      pointInTimeRecovery: { enabled: pointInTimeRecovery },
      deletionProtectionEnabled: deletionProtection,
      lifecycle: deletionProtection ? { preventDestroy: true } : undefined,
    });
    if (this.#hasIndexes) {
      // The bindings know only hash_key and range_key, which the provider has deprecated in favour of key_schema.
      this.resource.addOverride('global_secondary_index', indexes.map(renderIndex));
    }
    skipChecks(this.resource, ['CKV_AWS_119'], {
      reason:
        'DynamoDB encrypts every table with a key of its own; a customer key adds cost and a way to lose the data',
      owner: 'platform',
    });
    if (!pointInTimeRecovery) {
      skipChecks(this.resource, ['CKV_AWS_28'], {
        reason: 'point-in-time recovery is a value of the environment; protected ones must have it',
        owner: 'platform',
      });
    }
  }

  get name(): string {
    return this.resource.name;
  }

  grant(grantee: Grantee, actions: readonly TableAction[]): void {
    grantee.addToPolicy({
      sid: `Table${this.node.id.replace(/[^A-Za-z0-9]/g, '')}`,
      actions: actions.map((action) => `dynamodb:${action}`),
      resources: [this.resource.arn, ...(this.#hasIndexes ? [`${this.resource.arn}/index/*`] : [])],
    });
  }

  grantReadWrite(grantee: Grantee): void {
    this.grant(grantee, readWriteActions);
  }
}

function renderIndex({ name, partitionKey, sortKey }: GlobalIndex): Record<string, unknown> {
  return {
    name,
    key_schema: [
      { attribute_name: partitionKey.name, key_type: 'HASH' },
      ...(sortKey === undefined ? [] : [{ attribute_name: sortKey.name, key_type: 'RANGE' }]),
    ],
    projection_type: 'ALL',
  };
}
