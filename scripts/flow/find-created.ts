/**
 * Finds what a killed engine had asked AWS to make but never heard of again. What has a name of its own is imported by it
 * (scripts/terraform/import-ids.ts); here are the types whose id AWS chooses, looked up by name or by their Name tag.
 */
import { APIGatewayClient, paginateGetRestApis } from '@aws-sdk/client-api-gateway';
import { ApiGatewayV2Client, GetApisCommand, GetVpcLinksCommand } from '@aws-sdk/client-apigatewayv2';
import {
  CloudFrontClient,
  ListOriginAccessControlsCommand,
  ListResponseHeadersPoliciesCommand,
  paginateListDistributions,
} from '@aws-sdk/client-cloudfront';
import { CognitoIdentityProviderClient, paginateListUserPools } from '@aws-sdk/client-cognito-identity-provider';
import {
  DescribeAddressesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { ClientSettings } from '../session/connect';
import type { TerraformJson } from '../terraform/import-ids';

type Find = (name: string, clients: ClientSettings, account: string) => Promise<readonly (string | undefined)[]>;

const tagged = (name: string) => [{ Name: 'tag:Name', Values: [name] }];
const ec2 = (clients: ClientSettings): EC2Client => new EC2Client(clients);

const FINDERS: Readonly<Record<string, Find>> = {
  aws_vpc: async (name, clients) => {
    const { Vpcs } = await ec2(clients).send(new DescribeVpcsCommand({ Filters: tagged(name) }));
    return (Vpcs ?? []).map(({ VpcId }) => VpcId);
  },
  aws_subnet: async (name, clients) => {
    const { Subnets } = await ec2(clients).send(new DescribeSubnetsCommand({ Filters: tagged(name) }));
    return (Subnets ?? []).map(({ SubnetId }) => SubnetId);
  },
  aws_internet_gateway: async (name, clients) => {
    const { InternetGateways } = await ec2(clients).send(
      new DescribeInternetGatewaysCommand({ Filters: tagged(name) }),
    );
    return (InternetGateways ?? []).map(({ InternetGatewayId }) => InternetGatewayId);
  },
  aws_eip: async (name, clients) => {
    const { Addresses } = await ec2(clients).send(new DescribeAddressesCommand({ Filters: tagged(name) }));
    return (Addresses ?? []).map(({ AllocationId }) => AllocationId);
  },
  aws_nat_gateway: async (name, clients) => {
    // A deleted one is still listed for an hour.
    const alive = { Name: 'state', Values: ['pending', 'available'] };
    const Filter = [...tagged(name), alive];
    const { NatGateways } = await ec2(clients).send(new DescribeNatGatewaysCommand({ Filter }));
    return (NatGateways ?? []).map(({ NatGatewayId }) => NatGatewayId);
  },
  aws_route_table: async (name, clients) => {
    const { RouteTables } = await ec2(clients).send(new DescribeRouteTablesCommand({ Filters: tagged(name) }));
    return (RouteTables ?? []).map(({ RouteTableId }) => RouteTableId);
  },
  aws_security_group: async (name, clients) => {
    const Filters = [{ Name: 'group-name', Values: [name] }];
    const { SecurityGroups } = await ec2(clients).send(new DescribeSecurityGroupsCommand({ Filters }));
    return (SecurityGroups ?? []).filter(({ GroupName }) => GroupName === name).map(({ GroupId }) => GroupId);
  },
  aws_lb: async (name, clients) => {
    const { LoadBalancers } = await new ElasticLoadBalancingV2Client(clients).send(
      new DescribeLoadBalancersCommand({ Names: [name] }),
    );
    return (LoadBalancers ?? []).map(({ LoadBalancerArn }) => LoadBalancerArn);
  },
  aws_lb_target_group: async (name, clients) => {
    const { TargetGroups } = await new ElasticLoadBalancingV2Client(clients).send(
      new DescribeTargetGroupsCommand({ Names: [name] }),
    );
    return (TargetGroups ?? []).map(({ TargetGroupArn }) => TargetGroupArn);
  },
  aws_apigatewayv2_api: async (name, clients) => {
    const { Items } = await new ApiGatewayV2Client(clients).send(new GetApisCommand({}));
    return (Items ?? []).filter(({ Name }) => Name === name).map(({ ApiId }) => ApiId);
  },
  aws_apigatewayv2_vpc_link: async (name, clients) => {
    const { Items } = await new ApiGatewayV2Client(clients).send(new GetVpcLinksCommand({}));
    return (Items ?? []).filter(({ Name }) => Name === name).map(({ VpcLinkId }) => VpcLinkId);
  },
  aws_api_gateway_rest_api: async (name, clients) => {
    const found: (string | undefined)[] = [];
    for await (const { items } of paginateGetRestApis({ client: new APIGatewayClient(clients) }, {})) {
      found.push(...(items ?? []).filter((api) => api.name === name).map(({ id }) => id));
    }
    return found;
  },
  aws_cognito_user_pool: async (name, clients) => {
    const client = new CognitoIdentityProviderClient(clients);
    const found: (string | undefined)[] = [];
    for await (const { UserPools } of paginateListUserPools({ client }, { MaxResults: 60 })) {
      found.push(...(UserPools ?? []).filter(({ Name }) => Name === name).map(({ Id }) => Id));
    }
    return found;
  },
  // A distribution has no name; its comment is one of ours.
  aws_cloudfront_distribution: async (comment, clients) => {
    const found: (string | undefined)[] = [];
    for await (const { DistributionList } of paginateListDistributions({ client: new CloudFrontClient(clients) }, {})) {
      found.push(...(DistributionList?.Items ?? []).filter(({ Comment }) => Comment === comment).map(({ Id }) => Id));
    }
    return found;
  },
  aws_cloudfront_origin_access_control: async (name, clients) => {
    const { OriginAccessControlList } = await new CloudFrontClient(clients).send(
      new ListOriginAccessControlsCommand({ MaxItems: 100 }),
    );
    return (OriginAccessControlList?.Items ?? []).filter(({ Name }) => Name === name).map(({ Id }) => Id);
  },
  aws_cloudfront_response_headers_policy: async (name, clients) => {
    const { ResponseHeadersPolicyList } = await new CloudFrontClient(clients).send(
      new ListResponseHeadersPoliciesCommand({ Type: 'custom', MaxItems: 100 }),
    );
    return (ResponseHeadersPolicyList?.Items ?? [])
      .map(({ ResponseHeadersPolicy: policy }) => policy)
      .filter((policy) => policy?.ResponseHeadersPolicyConfig?.Name === name)
      .map((policy) => policy?.Id);
  },
  aws_secretsmanager_secret: async (name, clients) => {
    const { ARN } = await new SecretsManagerClient(clients).send(new DescribeSecretCommand({ SecretId: name }));
    return [ARN];
  },
  aws_iam_policy: async (name, _clients, account) => [`arn:aws:iam::${account}:policy/${name}`],
};

/** The id of the one thing with this address's name that is not known yet; undefined when there is none, or no telling. */
export async function findCreated(
  address: string,
  config: TerraformJson,
  known: ReadonlySet<string>,
  { clients, account }: { readonly clients: ClientSettings; readonly account: string },
): Promise<string | undefined> {
  const [type = '', id = ''] = address.split('.');
  const find = FINDERS[type];
  const resource = config.resource?.[type]?.[id];
  const tags = resource?.['tags'] as Record<string, unknown> | undefined;
  const name = resource?.['name'] ?? tags?.['Name'] ?? resource?.['comment'];
  if (find === undefined || typeof name !== 'string' || name.includes('${')) return undefined;
  let found: readonly (string | undefined)[];
  try {
    found = await find(name, clients, account);
  } catch {
    // AWS answers a name that it does not know with an error of its own for each service.
    return undefined;
  }
  const fresh = found.filter((candidate): candidate is string => candidate !== undefined && !known.has(candidate));
  return fresh.length === 1 ? fresh[0] : undefined;
}
