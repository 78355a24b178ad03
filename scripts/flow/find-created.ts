/**
 * Finds what a killed engine had asked AWS to make but never heard of again. What has a name of its own is imported by it
 * (scripts/terraform/import-ids.ts); here are the types whose id AWS chooses, looked up by name or by their Name tag.
 */
import { ApiGatewayV2Client, GetApisCommand, GetVpcLinksCommand } from '@aws-sdk/client-apigatewayv2';
import { DescribeSecurityGroupsCommand, DescribeTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ClientSettings } from '../session/connect';
import type { TerraformJson } from '../terraform/import-ids';

type Find = (name: string, clients: ClientSettings, account: string) => Promise<readonly (string | undefined)[]>;

/** EC2 types that carry a Name tag, by EC2's own word for them. */
const taggedByName =
  (resourceType: string): Find =>
  async (name, clients) => {
    const { Tags } = await new EC2Client(clients).send(
      new DescribeTagsCommand({
        Filters: [
          { Name: 'resource-type', Values: [resourceType] },
          { Name: 'key', Values: ['Name'] },
          { Name: 'value', Values: [name] },
        ],
      }),
    );
    return (Tags ?? [])
      .filter(({ Key, Value }) => Key === 'Name' && Value === name)
      .map(({ ResourceId }) => ResourceId);
  };

const FINDERS: Readonly<Record<string, Find>> = {
  aws_vpc: taggedByName('vpc'),
  aws_subnet: taggedByName('subnet'),
  aws_internet_gateway: taggedByName('internet-gateway'),
  aws_eip: taggedByName('elastic-ip'),
  aws_nat_gateway: taggedByName('natgateway'),
  aws_route_table: taggedByName('route-table'),
  aws_security_group: async (name, clients) => {
    const Filters = [{ Name: 'group-name', Values: [name] }];
    const { SecurityGroups } = await new EC2Client(clients).send(new DescribeSecurityGroupsCommand({ Filters }));
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
  const name = resource?.['name'] ?? tags?.['Name'];
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
