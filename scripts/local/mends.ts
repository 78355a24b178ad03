/** Answers of the emulator that the gateway corrects because they depend on the gateway's own ports. */
import type { Endpoints } from './endpoints';
import type { Mend } from './gateway';
import { localRegion, type Environment } from './places';

interface RestApi {
  readonly id?: string;
}

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
    for (const { arn, dns, scheme } of parseBalancers(body.toString())) {
      if (scheme === 'internet-facing') await endpoints.publish(environment, 'alb', balancerId(arn), dns);
    }
    return body;
  };
  const restApi = (api: RestApi): Promise<unknown> =>
    api.id ? endpoints.publish(environment, 'rest', api.id, apiHost(api.id)) : Promise.resolve();
  const oneRestApi: Mend = async (body) => {
    await restApi(JSON.parse(body.toString()) as RestApi);
    return body;
  };
  const distribution: Mend = async (body) => {
    const { id, domain, aliases } = parseDistribution(body.toString());
    if (id && domain) await endpoints.publish(environment, 'cdn', id, domain, aliases);
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
    'apigateway:CreateRestApi': oneRestApi,
    'apigateway:GetRestApi': oneRestApi,
    'apigateway:GetRestApis': async (body) => {
      for (const api of (JSON.parse(body.toString()) as { item?: RestApi[] }).item ?? []) await restApi(api);
      return body;
    },
    'apigateway:DeleteRestApi': async (body, { call }) => {
      await endpoints.release(environment, 'rest', call.resource.split('/').pop() ?? '');
      return body;
    },
    'cloudfront:CreateDistribution': distribution,
    'cloudfront:GetDistribution': distribution,
    'cloudfront:UpdateDistribution': distribution,
    'cloudfront:DeleteDistribution': async (body, { call }) => {
      await endpoints.release(environment, 'cdn', call.resource);
      return body;
    },
    'elasticloadbalancing:CreateLoadBalancer': balancers,
    'elasticloadbalancing:DescribeLoadBalancers': balancers,
    'elasticloadbalancing:DeleteLoadBalancer': async (body, { request }) => {
      const arn = new URLSearchParams(request?.toString() ?? '').get('LoadBalancerArn') ?? '';
      await endpoints.release(environment, 'alb', balancerId(arn));
      return body;
    },
  };
}

/** A load balancer's name, with its region where that is not the account's first: names are unique in a region only. */
function balancerId(arn: string): string {
  const region = arn.split(':')[3] ?? '';
  const name = arn.split('/')[2] ?? '';
  return region === localRegion ? name : `${name}@${region}`;
}

/** The distribution of a CloudFront answer. */
export function parseDistribution(xml: string): { id: string; domain: string; aliases: string[] } {
  const config = xml.indexOf('<DistributionConfig');
  const head = config < 0 ? xml : xml.slice(0, config);
  const names = /<Aliases\b[^>]*>.*?<\/Aliases>/s.exec(xml)?.[0] ?? '';
  return {
    id: /<Id>([^<]*)<\/Id>/.exec(head)?.[1] ?? '',
    domain: /<DomainName>([^<]*)<\/DomainName>/.exec(head)?.[1] ?? '',
    aliases: [...names.matchAll(/<CNAME>([^<]*)<\/CNAME>/g)].map(([, name]) => name ?? ''),
  };
}

/** Load balancers named in an ELBv2 answer. */
export function parseBalancers(xml: string): Array<{ arn: string; name: string; dns: string; scheme: string }> {
  return xml
    .split('<LoadBalancerArn>')
    .slice(1)
    .map((text) => {
      const field = (name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
      const arn = text.slice(0, Math.max(0, text.indexOf('<')));
      return { arn, name: field('LoadBalancerName'), dns: field('DNSName'), scheme: field('Scheme') };
    })
    .filter(({ name, dns }) => name && dns);
}
