/** The static client and its `config.json`, made from the outputs, in the static bucket. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '../../session/folders';
import { requireOutput, type OperationContext, type Publication } from '../operations';
import { planSite, type SiteFile } from '../static-site';
import { agentUrl, apiUrl, cognitoUrl, objectsOrigin } from './addresses';
import { bundleClient } from './client';

export async function publish(context: OperationContext): Promise<Publication> {
  const files = await bundleClient({
    connectOrigins: [apiUrl(context), cognitoUrl(context)].map((url) => new URL(url).origin),
    mediaOrigins: [objectsOrigin(context)],
  });
  const config = configFile(context, await versionOf(files));
  return planSite(context.clients, requireOutput(context, 'static_bucket_name'), [config, ...files]);
}

/** What the page asks for first. Nothing in it is secret: the browser of everybody reads it. */
export function configFile(context: OperationContext, version: string): SiteFile {
  const config = {
    region: context.session.region,
    apiUrl: apiUrl(context),
    userPoolId: requireOutput(context, 'cognito_user_pool_id'),
    clientId: requireOutput(context, 'cognito_client_id'),
    cognitoUrl: cognitoUrl(context),
    // By the page's own origin: the distribution hands these paths to the load balancer.
    agentUrl: agentUrl(context) === undefined ? null : '/agent',
    version,
  };
  return {
    path: 'config.json',
    content: Buffer.from(`${JSON.stringify(config, undefined, 2)}\n`),
    contentType: 'application/json',
    cacheControl: 'no-cache',
  };
}

/** Of the product, with a hash of the page: as the images say theirs. */
async function versionOf(files: readonly SiteFile[]): Promise<string> {
  const { version } = JSON.parse(await readFile(join(repositoryRoot, 'package.json'), 'utf8')) as { version: string };
  const hash = createHash('sha256');
  for (const { path, content } of files) hash.update(path).update('\0').update(content);
  return `${version}+${hash.digest('hex').slice(0, 12)}`;
}
