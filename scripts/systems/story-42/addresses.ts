/** Outputs as addresses that can be asked: on AWS some are bare host names, in a rehearsal they are whole URLs. */
import { requireOutput, settingsOf, type OperationContext } from '../operations';

/** CloudFront redirects plain HTTP, so its own name is asked by TLS. */
export function siteUrl(context: OperationContext): string {
  return withScheme(requireOutput(context, 'cloudfront_domain_name'), 'https');
}

/** Undefined when the environment runs without the agent. */
export function agentUrl(context: OperationContext): string | undefined {
  if (!settingsOf(context.session, 'story-42').ecsEnabled) return undefined;
  return withScheme(requireOutput(context, 'ecs_service_endpoint'), 'http');
}

export function apiUrl(context: OperationContext): string {
  return requireOutput(context, 'api_endpoint').replace(/\/+$/, '');
}

/** Where the user pools of the region answer a browser. */
export function cognitoUrl({ clients, session }: OperationContext): string {
  return clients.endpoint ?? `https://cognito-idp.${session.region}.amazonaws.com`;
}

/** Where presigned addresses of pictures and audio point. */
export function objectsOrigin(context: OperationContext): string {
  const { clients, session } = context;
  return clients.endpoint ?? `https://${requireOutput(context, 's3_bucket_name')}.s3.${session.region}.amazonaws.com`;
}

function withScheme(value: string, scheme: 'http' | 'https'): string {
  return (/^https?:\/\//.test(value) ? value : `${scheme}://${value}`).replace(/\/+$/, '');
}
