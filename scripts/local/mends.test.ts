import { parseBalancers, parseDistribution } from './mends';

test('load balancers are read from an answer, their state and zones aside', () => {
  const arn = (name: string): string => `arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/${name}/1`;
  const one = (name: string, scheme: string): string =>
    `<member><LoadBalancerArn>${arn(name)}</LoadBalancerArn><LoadBalancerName>${name}</LoadBalancerName>` +
    `<DNSName>${name}.us-east-1.elb.amazonaws.com</DNSName><Scheme>${scheme}</Scheme><AvailabilityZones><member><ZoneName>a</ZoneName></member></AvailabilityZones></member>`;
  expect(
    parseBalancers(`<LoadBalancers>${one('a', 'internal')}${one('b', 'internet-facing')}</LoadBalancers>`),
  ).toEqual([
    { arn: arn('a'), name: 'a', dns: 'a.us-east-1.elb.amazonaws.com', scheme: 'internal' },
    { arn: arn('b'), name: 'b', dns: 'b.us-east-1.elb.amazonaws.com', scheme: 'internet-facing' },
  ]);
  expect(parseBalancers('<Error/>')).toEqual([]);
});

test('a distribution is read from an answer, its origins aside', () => {
  const origin =
    '<Origins><Items><Origin><Id>site</Id><DomainName>b.s3.amazonaws.com</DomainName></Origin></Items></Origins>';
  const answer = (aliases: string): string =>
    `<Distribution><Id>E1</Id><DomainName>d1.cloudfront.net</DomainName><DistributionConfig>${aliases}${origin}</DistributionConfig></Distribution>`;
  expect(parseDistribution(answer(''))).toEqual({ id: 'E1', domain: 'd1.cloudfront.net', aliases: [] });
  const named = '<Aliases><Quantity>1</Quantity><Items><CNAME>story.example.com</CNAME></Items></Aliases>';
  expect(parseDistribution(answer(named)).aliases).toEqual(['story.example.com']);
  expect(parseDistribution('<ErrorResponse/>')).toEqual({ id: '', domain: '', aliases: [] });
});
