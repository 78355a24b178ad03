/** Faults on purpose: which call fails, how, and how that looks in its protocol. Pure but for the counters of the rules. */
import { z } from 'zod';
import type { AwsCall } from './aws-request';

export const faultRule = z
  .object({
    /** SigV4 service name; absent: every service. */
    service: z.string().min(1).optional(),
    /** API operation; absent: every operation. */
    operation: z.string().min(1).optional(),
    kind: z.enum(['throttle', 'error', 'drop', 'delay']),
    /** HTTP status of an `error`. @default 500 */
    status: z.int().min(500).max(599).optional(),
    /** Of a `delay`, or before any other kind. */
    delayMs: z.int().min(0).max(120_000).optional(),
    /** Share of the calls that fail, 0 to 1. @default 1 */
    rate: z.number().min(0).max(1).optional(),
    /** Only the nth matching call, counted from 1. */
    nth: z.int().min(1).optional(),
    /** Only so many calls, then the rule is spent. */
    times: z.int().min(1).optional(),
  })
  .strict()
  .refine((rule) => rule.kind !== 'delay' || rule.delayMs !== undefined, { message: 'a delay needs delayMs' });

export type FaultRule = z.infer<typeof faultRule>;

export interface Fault {
  readonly rule: FaultRule;
  readonly delayMs: number;
  readonly drop: boolean;
  /** Absent for a mere delay. */
  readonly answer?: { readonly status: number; readonly headers: Record<string, string>; readonly body: string };
}

export class Faults {
  private rules: Array<{ rule: FaultRule; seen: number; used: number }> = [];

  constructor(private readonly random: () => number = Math.random) {}

  set(rules: readonly FaultRule[]): void {
    this.rules = rules.map((rule) => ({ rule, seen: 0, used: 0 }));
  }

  list(): Array<FaultRule & { matched: number; applied: number }> {
    return this.rules.map(({ rule, seen, used }) => ({ ...rule, matched: seen, applied: used }));
  }

  get size(): number {
    return this.rules.length;
  }

  /** Whether a rule could need this call's operation, which for form-encoded calls is in the body. */
  next(call: Pick<AwsCall, 'service' | 'operation' | 'protocol'>): Fault | undefined {
    for (const entry of this.rules) {
      const { rule } = entry;
      if (rule.service && rule.service !== call.service) continue;
      if (rule.operation && rule.operation !== call.operation) continue;
      entry.seen += 1;
      if (rule.nth !== undefined && entry.seen !== rule.nth) continue;
      if (rule.times !== undefined && entry.used >= rule.times) continue;
      if (rule.rate !== undefined && this.random() >= rule.rate) continue;
      entry.used += 1;
      return {
        rule,
        delayMs: rule.delayMs ?? 0,
        drop: rule.kind === 'drop',
        answer: rule.kind === 'throttle' || rule.kind === 'error' ? answerOf(rule, call) : undefined,
      };
    }
    return undefined;
  }
}

/** The name each service gives to "slow down". */
const throttleCodes: Readonly<Record<string, string>> = {
  s3: 'SlowDown',
  dynamodb: 'ProvisionedThroughputExceededException',
  ec2: 'RequestLimitExceeded',
  lambda: 'TooManyRequestsException',
  apigateway: 'TooManyRequestsException',
  sqs: 'RequestThrottled',
};

function answerOf(rule: FaultRule, call: Pick<AwsCall, 'service' | 'protocol'>): NonNullable<Fault['answer']> {
  const throttle = rule.kind === 'throttle';
  const code = throttle
    ? (throttleCodes[call.service] ?? (call.protocol === 'query' ? 'Throttling' : 'ThrottlingException'))
    : (rule.status ?? 500) === 503
      ? 'ServiceUnavailable'
      : 'InternalFailure';
  const message = throttle ? 'Rate exceeded (fault injected by Sluice)' : 'Fault injected by Sluice';
  const id = '00000000-0000-0000-0000-000000000000';
  if (call.protocol === 'query' || call.protocol === 'rest-xml') {
    const status = throttle ? (call.service === 's3' || call.service === 'ec2' ? 503 : 400) : (rule.status ?? 500);
    const error = `<Code>${code}</Code><Message>${message}</Message>`;
    const body =
      call.service === 's3'
        ? `<Error>${error}<RequestId>${id}</RequestId></Error>`
        : call.service === 'ec2'
          ? `<Response><Errors><Error>${error}</Error></Errors><RequestID>${id}</RequestID></Response>`
          : `<ErrorResponse><Error><Type>${throttle ? 'Sender' : 'Receiver'}</Type>${error}</Error><RequestId>${id}</RequestId></ErrorResponse>`;
    return {
      status,
      headers: { 'content-type': 'text/xml', 'x-amzn-requestid': id },
      body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    };
  }
  const type = call.protocol === 'json' ? 'application/x-amz-json-1.0' : 'application/json';
  return {
    status: throttle ? (call.protocol === 'rest-json' ? 429 : 400) : (rule.status ?? 500),
    headers: { 'content-type': type, 'x-amzn-errortype': code, 'x-amzn-requestid': id },
    body: JSON.stringify({ __type: code, message }),
  };
}
