import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { closure, pruneClients, pruneServiceList, servicesFor, typesOf, writePrunedSource } from './provider-source';

const MODULE = 'github.com/hashicorp/terraform-provider-aws';
const clients = `package conns

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"${MODULE}/names"
)

func (c *AWSClient) EC2Client(ctx context.Context) *ec2.Client {
	return errs.Must(client[*ec2.Client](ctx, c, names.EC2, make(map[string]any)))
}

func (c *AWSClient) KMSClient(ctx context.Context) *kms.Client {
	return errs.Must(client[*kms.Client](ctx, c, names.KMS, make(map[string]any)))
}

func (c *AWSClient) RDSClient(ctx context.Context) *rds.Client {
	return errs.Must(client[*rds.Client](ctx, c, names.RDS, make(map[string]any)))
}
`;

/** A provider of five services: ec2 imports kms, and uses rds's client alone. */
const files: Record<string, string> = {
  'main.go': 'package main',
  'go.mod': `module ${MODULE}`,
  'go.sum': '',
  'names/names.go': 'package names',
  'version/VERSION': '6.34.0',
  'internal/acctest/acctest.go': `import "${MODULE}/internal/service/rds"`,
  'internal/conns/awsclient_gen.go': clients,
  'internal/provider/sdkv2/service_packages_gen.go': `import (
	"${MODULE}/internal/conns"
	"${MODULE}/internal/service/ec2"
	"${MODULE}/internal/service/kms"
	"${MODULE}/internal/service/meta"
	"${MODULE}/internal/service/rds"
	"${MODULE}/internal/service/sts"
)
	v := []conns.ServicePackage{
		ec2.ServicePackage(ctx),
		kms.ServicePackage(ctx),
		meta.ServicePackage(ctx),
		rds.ServicePackage(ctx),
		sts.ServicePackage(ctx),
	}
`,
  'internal/service/smarterr.hcl': '',
  'internal/service/cloudtrail/smarterr.hcl': '',
  'internal/service/ec2/service_package_gen.go': 'TypeName: "aws_vpc",\nTypeName:   "aws_ami",',
  'internal/service/ec2/vpc.go': `import tfkms "${MODULE}/internal/service/kms"\nc.EC2Client(ctx); c.RDSClient(ctx)`,
  'internal/service/ec2/vpc_test.go': `import "${MODULE}/internal/service/rds"`,
  'internal/service/kms/service_package_gen.go': 'TypeName: "aws_kms_key",',
  'internal/service/meta/service_package_gen.go': 'TypeName: "aws_region",',
  'internal/service/rds/service_package_gen.go': 'TypeName: "aws_db_instance",',
  'internal/service/sts/service_package_gen.go': 'TypeName: "aws_caller_identity",',
};

let source: string;
beforeAll(() => {
  source = mkdtempSync(join(tmpdir(), 'sluice-provider-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), text);
  }
});
afterAll(() => rmSync(source, { recursive: true }));

test('services come from the types, with what they import; test files do not count', async () => {
  expect(await servicesFor(source, ['aws_vpc', 'terraform_data'])).toEqual(['ec2', 'kms', 'meta', 'sts']);
  expect(await servicesFor(source, [])).toEqual(['meta', 'sts']);
  expect(await closure(source, ['rds'])).toEqual(['rds']);
});

test('every unknown type is named', async () => {
  await expect(servicesFor(source, ['aws_vcp', 'aws_vpc', 'aws_bucket'])).rejects.toThrow(
    'The AWS provider 6.34.0 has no aws_bucket, aws_vcp.',
  );
});

test('a build knows all types of its services', async () => {
  expect(await typesOf(source, ['ec2', 'kms'])).toEqual(['aws_ami', 'aws_kms_key', 'aws_vpc']);
});

test('the service list loses imports and entries, and nothing else', () => {
  const pruned = pruneServiceList(files['internal/provider/sdkv2/service_packages_gen.go']!, new Set(['kms']));
  expect(pruned).toContain('internal/conns"');
  expect(pruned).toContain('kms.ServicePackage(ctx),');
  expect(pruned.match(/internal\/service\//g)).toHaveLength(1);
  expect(pruned.match(/ServicePackage\(ctx\)/g)).toHaveLength(1);
});

test('a client stays when it is called, and its SDK import with it', () => {
  const pruned = pruneClients(clients, (method) => method === 'KMSClient');
  expect(pruned).toContain('service/kms"');
  expect(pruned).toContain('func (c *AWSClient) KMSClient');
  expect(pruned).not.toMatch(/ec2|rds/);
  expect(pruned).toContain(`"${MODULE}/names"`);
});

test('the pruned tree has what a build takes', async () => {
  const target = mkdtempSync(join(tmpdir(), 'sluice-pruned-'));
  try {
    await writePrunedSource(source, target, ['ec2', 'kms', 'meta', 'sts']);
    const has = (path: string) => existsSync(join(target, path));
    expect(has('internal/service/ec2/vpc.go')).toBe(true);
    expect(has('internal/service/smarterr.hcl')).toBe(true);
    expect(has('internal/service/ec2/vpc_test.go')).toBe(false);
    expect(has('internal/service/rds')).toBe(false);
    expect(has('internal/service/cloudtrail/smarterr.hcl')).toBe(true);
    expect(has('internal/acctest')).toBe(false);
    const kept = readFileSync(join(target, 'internal/conns/awsclient_gen.go'), 'utf8');
    expect(kept).toContain('RDSClient');
    expect(kept).not.toContain('KMSClient');
  } finally {
    rmSync(target, { recursive: true });
  }
});
