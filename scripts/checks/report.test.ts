import { describeVerdict, isGood, judge, type Skip } from './report';

const finding = (check: string, resource: string, stack = 's-dev') => ({
  check_id: check,
  check_name: `about ${check}`,
  resource,
  file_path: `/${stack}/cdk.tf.json`,
});
const output = (failed: ReturnType<typeof finding>[], passed = 5, errors = 0) => ({
  summary: { passed, parsing_errors: errors },
  results: { failed_checks: failed },
});
const skip = (check: string, resource: string, stack = 's-dev'): Skip => ({
  stack,
  resource,
  check,
  reason: 'r',
  owner: 'o',
});

describe('judge', () => {
  it('takes out exactly the pairs that are accepted, whatever type the scanner writes', () => {
    const verdict = judge(output([finding('A', 'resource.one'), finding('B', 'aws_x.one')]), [
      skip('A', 'aws_x.one'),
      skip('B', 'aws_x.one'),
    ]);
    expect(verdict).toEqual({ passed: 5, failed: [], skipped: 2, stale: [], unreadable: 0 });
    expect(isGood(verdict)).toBe(true);
  });

  it.each([
    ['of another resource', finding('A', 'aws_x.two')],
    ['of another check', finding('B', 'aws_x.one')],
    ['in another stack', finding('A', 'aws_x.one', 's-prod')],
  ])('fails on a finding %s, and on the skip that it leaves stale', (_, found) => {
    const verdict = judge(output([found]), [skip('A', 'aws_x.one')]);
    expect(verdict.failed).toHaveLength(1);
    expect(verdict.stale).toEqual([skip('A', 'aws_x.one')]);
    expect(isGood(verdict)).toBe(false);
  });

  it('is not content with files that were not read, or with nothing', () => {
    expect(isGood(judge(output([], 5, 1), []))).toBe(false);
    expect(isGood(judge(output([], 0), []))).toBe(false);
  });

  it('says what it found', () => {
    expect(describeVerdict(judge(output([finding('A', 'aws_x.one')], 0, 2), [skip('B', 'aws_x.two')]))).toEqual([
      'failed: A s-dev one: about A',
      'stale skip: B s-dev aws_x.two: the scanner no longer finds it; remove the line',
      '2 files could not be read by the scanner',
      'the scanner looked at nothing',
      '0 passed, 1 failed, 0 skipped with a reason, 1 stale skips',
    ]);
  });
});
