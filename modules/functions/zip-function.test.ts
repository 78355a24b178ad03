import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsProvider } from '@cdktf/provider-aws/lib/provider';
import { App, TerraformStack } from 'cdktf';
import { Naming } from '../naming/naming';
import { SecurityGroup } from '../networking/security-group';
import { Vpc } from '../networking/vpc';
import { account, expectPassThrough, messageOf, naming, skipsOf, statements, synth } from '../testing';
import { readFolder, zipOf } from './zip-archive';
import { ZipFunction, sizeRule, type ZipFunctionProps } from './zip-function';

const folder = mkdtempSync(join(tmpdir(), 'sluice-zip-function-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function bundle(name: string, files: Readonly<Record<string, string>>): string {
  mkdirSync(join(folder, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, name, file), text);
  return join(folder, name);
}

const base: ZipFunctionProps = {
  naming,
  part: 'reader',
  account,
  region: 'us-west-2',
  logRetentionDays: 7,
  bundleFolder: bundle('base', { 'index.js': 'exports.handler = async () => 1;\n' }),
};
const network = (stack: TerraformStack) => {
  const zones = ['us-west-2a', 'us-west-2b'];
  const vpc = new Vpc(stack, 'network', { naming, account, cidrBlock: '10.0.0.0/16', availabilityZones: zones });
  const securityGroup = new SecurityGroup(stack, 'functions', { naming, part: 'functions', vpc, description: 'x' });
  return { subnets: vpc.privateSubnets, securityGroup };
};
const made = (props: Partial<ZipFunctionProps> = {}) =>
  synth((stack) => new ZipFunction(stack, 'reader', { ...base, ...props }));
const inVpc = () => synth((stack) => new ZipFunction(stack, 'reader', { ...base, ...network(stack) }));

describe('functions.ZipFunction', () => {
  it('runs a zip on Node.js and arm64, with the memory and time of a request', () => {
    const found = made().only('aws_lambda_function');
    expect(found).toMatchObject({
      function_name: 'shop-test-reader',
      package_type: 'Zip',
      handler: 'index.handler',
      runtime: 'nodejs22.x',
      architectures: ['arm64'],
      memory_size: 256,
      timeout: 30,
    });
    for (const absent of ['image_uri', 'vpc_config', 'environment', 'reserved_concurrent_executions'])
      expect(found[absent]).toBeUndefined();
    expect(
      made({ runtime: 'nodejs20.x', architecture: 'x86_64', memoryMiB: 512 }).only('aws_lambda_function'),
    ).toMatchObject({ runtime: 'nodejs20.x', architectures: ['x86_64'], memory_size: 512 });
  });

  it('names the zip by the contents of the folder, in path and hash alike', () => {
    const code = (bundleFolder: string) => {
      const { filename, source_code_hash } = made({ bundleFolder }).only('aws_lambda_function');
      return { filename: String(filename), hash: String(source_code_hash) };
    };
    const text = readFileSync(join(base.bundleFolder, 'index.js'), 'utf8');
    const one = code(base.bundleFolder);
    expect(one.filename).toBe(`assets/reader/${Buffer.from(one.hash, 'base64').toString('hex')}.zip`);
    expect(code(bundle('copy', { 'index.js': text }))).toEqual(one);
    expect(code(bundle('changed', { 'index.js': `${text}//` })).hash).not.toBe(one.hash);
    expect(code(bundle('renamed', { 'index.mjs': text })).hash).not.toBe(one.hash);
  });

  it('writes the zip where the engine looks for it', () => {
    const outdir = join(folder, 'out');
    const app = new App({ outdir });
    const stack = new TerraformStack(app, 'shop-test');
    new AwsProvider(stack, 'aws', { region: 'us-west-2' });
    const made = new ZipFunction(stack, 'reader', base);
    app.synth();
    const zip = readFileSync(join(outdir, 'stacks', 'shop-test', made.resource.filenameInput ?? ''));
    expect(zip).toEqual(zipOf(readFolder(base.bundleFolder)));
    expect(made.zipBytes).toBe(zip.length);
  });

  it('has addresses in a VPC when told, and may make them', () => {
    const found = inVpc();
    expect(found.only('aws_lambda_function')['vpc_config']).toEqual({
      subnet_ids: [
        expect.stringContaining('aws_subnet.network_Private1_'),
        expect.stringContaining('aws_subnet.network_Private2_'),
      ],
      security_group_ids: [expect.stringContaining('aws_security_group.functions_')],
    });
    const policies = (synthesised: typeof found) => statements(synthesised.only('aws_iam_role_policy')['policy']);
    const rest = {
      Action: [
        'ec2:AssignPrivateIpAddresses',
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:UnassignPrivateIpAddresses',
      ],
      Resource: ['*'],
    };
    const ownCode = {
      ArnEquals: { 'lambda:SourceFunctionArn': 'arn:aws:lambda:us-west-2:111111111111:function:shop-test-reader' },
    };
    expect(policies(found).slice(1)).toEqual([
      { Sid: 'ManageNetworkInterfaces', Effect: 'Allow', ...rest },
      { Sid: 'NotFromTheCode', Effect: 'Deny', ...rest, Condition: ownCode },
    ]);
    expect(policies(made()).map(({ Sid }) => Sid)).toEqual(['WriteLogs']);
  });

  it('accepts only the findings that it has', () => {
    const skips = (props: Partial<ZipFunctionProps>) =>
      skipsOf((stack) => new ZipFunction(stack, 'reader', { ...base, ...props }));
    expect(skips({})).toEqual([
      'CKV_AWS_115',
      'CKV_AWS_116',
      'CKV_AWS_117',
      'CKV_AWS_158',
      'CKV_AWS_272',
      'CKV_AWS_338',
      'CKV_AWS_50',
    ]);
    expect(skips({ environment: { A: '1' } })).toContain('CKV_AWS_173');
    expect(skipsOf((stack) => new ZipFunction(stack, 'reader', { ...base, ...network(stack) }))).not.toContain(
      'CKV_AWS_117',
    );
  });

  it('reports every problem at once', () => {
    const missing = join(folder, 'missing');
    expect(
      messageOf(() =>
        made({
          bundleFolder: missing,
          runtime: 'nodejs18.x' as never,
          architecture: 'riscv' as never,
          memoryMiB: 10_241,
          subnets: [],
        }),
      ),
    ).toBe(
      [
        'functions.ZipFunction at test/reader: 6 problems',
        '- memoryMiB is 10241; allowed: a whole number from 128 to 10240 MiB',
        '- subnets is given alone; allowed: subnets and securityGroup together',
        '- subnets is empty; allowed: at least one',
        '- runtime is "nodejs18.x"; allowed: nodejs20.x, nodejs22.x, nodejs24.x',
        '- architecture is "riscv"; allowed: arm64, x86_64',
        `- bundleFolder "${missing}" has no index.js or index.mjs or index.cjs; build the bundle first`,
      ].join('\n'),
    );
    expect(messageOf(() => made({ handler: '../index' }))).toBe(
      [
        'functions.ZipFunction at test/reader: 1 problem',
        '- handler is "../index"; allowed: file.function, such as index.handler',
      ].join('\n'),
    );
    expect(
      messageOf(() =>
        synth((stack) => {
          const { securityGroup } = network(stack);
          new ZipFunction(stack, 'reader', { ...base, securityGroup });
        }),
      ),
    ).toContain('\n- securityGroup is given alone; allowed: subnets and securityGroup together');
  });

  it('refuses a zip that Lambda would', () => {
    expect(sizeRule(50 * 1024 * 1024)).toBeUndefined();
    expect(sizeRule(50 * 1024 * 1024 + 1)).toBe('bundleFolder makes a zip of 52428801 bytes; allowed: 52428800');
  });

  it('passes every prop on', () => {
    expectPassThrough<Omit<ZipFunctionProps, 'subnets' | 'securityGroup'> & { readonly inVpc?: boolean }>(
      base,
      {
        naming: new Naming({ project: 'other', environment: 'test' }),
        part: 'writer',
        account: '222222222222',
        region: 'us-east-1',
        logRetentionDays: 30,
        description: 'Reads',
        environment: { A: '1' },
        maximumRetryAttempts: 1,
        reservedConcurrency: 1,
        bundleFolder: bundle('other', { 'index.js': '' }),
        handler: 'index.other',
        runtime: 'nodejs24.x',
        architecture: 'x86_64',
        memoryMiB: 128,
        timeoutSeconds: 1,
        inVpc: true,
      },
      (stack, { inVpc: isInVpc, ...props }) => {
        const vpc = network(stack);
        // Account and region show in the ARN that is granted.
        new ZipFunction(stack, 'reader', { ...props, ...(isInVpc === true ? vpc : {}) }).allowSelfInvoke();
      },
    );
  });
});
