import { engineError, lockInfoOf } from './diagnostics';
import type { EngineEvent } from './run';

const diagnostic = (summary: string, detail = '', address?: string): EngineEvent => ({
  '@level': 'error',
  '@message': `Error: ${summary}`,
  type: 'diagnostic',
  diagnostic: { severity: 'error', summary, detail, address },
});

const locked = diagnostic(
  'Error acquiring the state lock',
  'Error message: operation error S3: PutObject, RequestID: 11-22, HostID: x/y, PreconditionFailed\nLock Info:\n  ID:        6f6a-11\n  Path:      bucket/key\n  Operation: OperationTypeApply\n  Who:       ann@machine\n  Version:   1.12.6\n  Created:   2026-11-21 12:00:00.5 +0000 UTC\n',
);

test('reads who holds a lock, and since when', () => {
  expect(lockInfoOf({ events: [locked], text: [] })).toEqual({
    id: '6f6a-11',
    who: 'ann@machine',
    since: '2026-11-21 12:00:00.5 +0000 UTC',
    operation: 'OperationTypeApply',
  });
});

test('other failures are no locks', () => {
  expect(lockInfoOf({ events: [diagnostic('Invalid index', 'ID: none')], text: [] })).toBeUndefined();
});

test('an error lists every diagnostic with its address, and no warning', () => {
  const warning: EngineEvent = {
    '@level': 'warn',
    '@message': '',
    type: 'diagnostic',
    diagnostic: { severity: 'warning', summary: 'old' },
  };
  const error = engineError('apply of x', {
    exitCode: 1,
    text: [],
    events: [warning, diagnostic('creating thing', 'because\nof that', 'aws_vpc.v'), diagnostic('other')],
  });
  expect(error.message).toBe('apply of x failed.\n- aws_vpc.v: creating thing\n  because\n  of that\n- other');
});

test('without diagnostics the end of the plain text is shown', () => {
  expect(engineError('init of x', { exitCode: 1, text: ['panic: boom'], events: [] }).message).toBe(
    'init of x failed.\npanic: boom',
  );
});
