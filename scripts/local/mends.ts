/** Answers of the emulator that the gateway corrects because they depend on the gateway's own ports. */
import type { Endpoints } from './endpoints';
import type { Mend } from './gateway';
import type { Environment } from './places';

interface Api {
  apiId?: string;
  apiEndpoint?: string;
  protocolType?: string;
}

/** Host name under which the emulator serves an API. */
export function apiHost(apiId: string): string {
  return `${apiId}.execute-api.localhost`;
}

export function mends(environment: Environment, endpoints: Endpoints): Record<string, Mend> {
  const publish = async (api: Api): Promise<void> => {
    if (!api.apiId) return;
    const url = await endpoints.publish(environment, 'api', api.apiId, apiHost(api.apiId));
    api.apiEndpoint = api.protocolType === 'WEBSOCKET' ? url.replace(/^http/, 'ws') : url;
  };
  const one: Mend = async (body) => {
    const api = JSON.parse(body.toString()) as Api;
    await publish(api);
    return Buffer.from(JSON.stringify(api));
  };
  const many: Mend = async (body) => {
    const page = JSON.parse(body.toString()) as { items?: Api[] };
    for (const api of page.items ?? []) await publish(api);
    return Buffer.from(JSON.stringify(page));
  };
  const balancers: Mend = async (body) => {
    for (const { name, dns, scheme } of parseBalancers(body.toString())) {
      if (scheme === 'internet-facing') await endpoints.publish(environment, 'alb', name, dns);
    }
    return body;
  };
  return {
    'apigateway:CreateApi': one,
    'apigateway:GetApi': one,
    'apigateway:UpdateApi': one,
    'apigateway:GetApis': many,
    'apigateway:DeleteApi': async (body, { call }) => {
      await endpoints.release(environment, 'api', call.resource.split('/').pop() ?? '');
      return body;
    },
    'elasticloadbalancing:CreateLoadBalancer': balancers,
    'elasticloadbalancing:DescribeLoadBalancers': balancers,
    'elasticloadbalancing:DeleteLoadBalancer': async (body, { request }) => {
      const arn = new URLSearchParams(request?.toString() ?? '').get('LoadBalancerArn') ?? '';
      await endpoints.release(environment, 'alb', arn.split('/')[2] ?? '');
      return body;
    },
  };
}

/** Load balancers named in an ELBv2 answer. */
export function parseBalancers(xml: string): Array<{ name: string; dns: string; scheme: string }> {
  return xml
    .split('<LoadBalancerArn>')
    .slice(1)
    .map((text) => {
      const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
      return { name: field('LoadBalancerName'), dns: field('DNSName'), scheme: field('Scheme') };
    })
    .filter(({ name, dns }) => name && dns);
}
