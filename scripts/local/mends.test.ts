import { parseBalancers } from './mends';
import { FrameReader, ofService } from './container-logs';

test('load balancers are read from an answer, their state and zones aside', () => {
  const one = (name: string, scheme: string): string =>
    `<member><LoadBalancerArn>arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/${name}/1</LoadBalancerArn><LoadBalancerName>${name}</LoadBalancerName>` +
    `<DNSName>${name}.us-east-1.elb.amazonaws.com</DNSName><Scheme>${scheme}</Scheme><AvailabilityZones><member><ZoneName>a</ZoneName></member></AvailabilityZones></member>`;
  expect(
    parseBalancers(`<LoadBalancers>${one('a', 'internal')}${one('b', 'internet-facing')}</LoadBalancers>`),
  ).toEqual([
    { name: 'a', dns: 'a.us-east-1.elb.amazonaws.com', scheme: 'internal' },
    { name: 'b', dns: 'b.us-east-1.elb.amazonaws.com', scheme: 'internet-facing' },
  ]);
  expect(parseBalancers('<Error/>')).toEqual([]);
});

test('log frames become lines, however they are cut', () => {
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(8);
    head.writeUInt8(1, 0);
    head.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const bytes = Buffer.concat([frame('one\ntw'), frame('o\n'), frame('last')]);
  for (const size of [1, 3, 8, 100]) {
    const lines: string[] = [];
    const reader = new FrameReader((line) => lines.push(line));
    for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
    reader.end();
    expect(lines).toEqual(['one', 'two', 'last']);
  }
});

test('containers of a service are found by cluster and family', () => {
  const container = (id: string, cluster: string, family: string) => ({
    Id: id,
    State: 'running',
    Created: 1,
    Labels: {
      'com.amazonaws.ecs.cluster': `arn:aws:ecs:us-east-1:1:cluster/${cluster}`,
      'com.amazonaws.ecs.task-definition-family': family,
    },
  });
  const all = [container('1', 'c', 'f'), container('2', 'c', 'g'), container('3', 'd', 'f')];
  expect(ofService(all, 'c/f').map(({ Id }) => Id)).toEqual(['1']);
  expect(ofService(all, 'c/other').map(({ Id }) => Id)).toEqual(['1', '2']);
});
