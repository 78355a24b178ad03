/**
 * A Lambda function whose code is a zip of a folder: a bundle, made before synthesis. The zip is written beside the stack
 * while it is synthesised; the hash of the folder's contents says when there is something new to upload.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Subnet } from '@cdktf/provider-aws/lib/subnet';
import { TerraformStack } from 'cdktf';
import { addCustomSynthesis } from 'cdktf/lib/synthesize/synthesizer';
import type { ISynthesisSession } from 'cdktf/lib/synthesize/types';
import type { Construct } from 'constructs';
import { matches, oneOf, unless, type Rule } from '../checks/checks';
import { skipChecks } from '../checks/skip';
import type { SecurityGroup } from '../networking/security-group';
import { BaseFunction, type BaseFunctionProps } from './base-function';
import { contentHash, readFolder, zipOf, type ArchiveFile } from './zip-archive';

export const nodeRuntimes = ['nodejs20.x', 'nodejs22.x', 'nodejs24.x'] as const;
export type NodeRuntime = (typeof nodeRuntimes)[number];

export interface ZipFunctionProps extends BaseFunctionProps {
  /** What goes into the zip: every file below this folder, with the handler's file at its top. */
  readonly bundleFolder: string;
  /** File, without its ending, and exported function. @default 'index.handler' */
  readonly handler?: string;
  /** AWS refuses new functions of a runtime some months after its end. @default 'nodejs22.x' */
  readonly runtime?: NodeRuntime;
  /** `arm64` costs a fifth less for the same time. @default 'arm64' */
  readonly architecture?: 'arm64' | 'x86_64';
  /** 128 to 10240; CPU grows with it, one vCPU at 1769. Billed by the millisecond and by the size. @default 256 */
  readonly memoryMiB?: number;
  /** Up to 900, Lambda's limit. A synchronous caller may give up sooner. @default 30 */
  readonly timeoutSeconds?: number;
  /** Where the function has its addresses, to reach what is in the VPC; with `securityGroup`. @default - outside any VPC */
  readonly subnets?: readonly Subnet[];
  readonly securityGroup?: SecurityGroup;
}

/** What Lambda takes in a request; more would have to go through a bucket. */
const ZIP_BYTES = 50 * 1024 * 1024;

export class ZipFunction extends BaseFunction {
  /** Size of the package: every cold start loads it. */
  readonly zipBytes: number;

  constructor(scope: Construct, id: string, props: ZipFunctionProps) {
    const { bundleFolder, handler = 'index.handler', runtime = 'nodejs22.x', architecture = 'arm64' } = props;
    const { memoryMiB = 256, timeoutSeconds = 30 } = props;
    const files = filesIn(bundleFolder);
    const zip = zipOf(files);
    const hash = contentHash(files);
    super(
      scope,
      id,
      { ...props, memoryMiB, timeoutSeconds },
      {
        kind: 'functions.ZipFunction',
        rules: [
          oneOf('runtime', runtime, nodeRuntimes),
          oneOf('architecture', architecture, ['arm64', 'x86_64']),
          ...handlerRules(handler, bundleFolder, files),
          sizeRule(zip.length),
        ],
        code: (construct) => ({
          packageType: 'Zip',
          filename: writtenBeside(construct, `${hash.toString('hex')}.zip`, zip),
          sourceCodeHash: hash.toString('base64'),
          handler,
          runtime,
          architectures: [architecture],
        }),
      },
    );
    this.zipBytes = zip.length;
    skipChecks(this.resource, ['CKV_AWS_272'], {
      reason: 'the zip is made from the sources in the run that uploads it; nobody else hands over code to be verified',
      owner: 'platform',
    });
  }
}

export function sizeRule(bytes: number): Rule {
  return unless(bytes > ZIP_BYTES, `bundleFolder makes a zip of ${bytes} bytes; allowed: ${ZIP_BYTES}`);
}

function filesIn(folder: string): ArchiveFile[] {
  try {
    return readFolder(folder);
  } catch (cause) {
    // No bundle at all is reported with the other problems of the function.
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}

function handlerRules(handler: string, folder: string, files: readonly ArchiveFile[]): Rule[] {
  const wrong = matches('handler', handler, /^[A-Za-z0-9_-]+\.[A-Za-z0-9_$]+$/, 'file.function, such as index.handler');
  if (wrong !== undefined) return [wrong];
  const allowed = ['js', 'mjs', 'cjs'].map((ending) => `${handler.split('.')[0]}.${ending}`);
  return [
    unless(
      !files.some(({ path }) => allowed.includes(path)),
      `bundleFolder "${folder}" has no ${allowed.join(' or ')}; build the bundle first`,
    ),
  ];
}

/** Gives the path by which the engine, at work in the stack's folder, finds the file. */
function writtenBeside(construct: Construct, name: string, data: Buffer): string {
  const stack = TerraformStack.of(construct);
  const path = `assets/${stack.getLogicalId(construct.node)}/${name}`;
  addCustomSynthesis(construct, {
    onSynthesize({ outdir, manifest }: ISynthesisSession) {
      const target = join(outdir, manifest.forStack(stack).workingDirectory, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, data);
    },
  });
  return path;
}
