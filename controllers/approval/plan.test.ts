import { describe, expect, it } from 'vitest';
import { formatTime } from '#api/machinery/clock';
import { outcomeOf } from '#api/types/approval';
import type {
  Approval,
  ApprovalNotification,
  ApprovalSpec,
  ApprovalStatus,
} from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import { planNotices, withAttempt } from './notices.ts';
import { planApproval } from './plan.ts';
import { isWanted } from './wanted.ts';
import { webhookMessage, webhookTarget } from './webhook.ts';

const MADE = Date.parse('2026-12-01T10:00:00Z');

function approvalWith(
  spec: Partial<ApprovalSpec> = {},
  status: ApprovalStatus = { phase: 'Pending' },
): Approval {
  return {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Approval',
    metadata: {
      name: 'a',
      namespace: 'default',
      uid: 'u',
      generation: 1,
      creationTimestamp: formatTime(MADE),
    },
    spec: { taskRef: { name: 'task', uid: 't' }, purpose: 'Stage', message: 'Go on?', ...spec },
    status,
  };
}

const view = (approval: Approval, afterSeconds = 0, isWantedNow = true) => ({
  approval,
  isWanted: isWantedNow,
  now: MADE + afterSeconds * 1000,
});

const LATER = { afterSeconds: 60, approvers: { groups: ['owners'] } };

describe('an Approval', () => {
  it.each([
    ['waits for whoever may', {}, 'somebody with the verb approve.'],
    [
      'waits for those it names',
      { approvers: { users: ['ann'], groups: ['leads'] } },
      'user "ann", group "leads".',
    ],
    ['waits for so long', { timeoutSeconds: 90 }, 'the verb approve until 2026-12-01T10:01:30Z.'],
  ])('%s', (_what, spec, message) => {
    const { status } = planApproval(view(approvalWith(spec)));
    expect(status.phase).toBe('Pending');
    expect(status.conditions?.[0]).toMatchObject({ type: 'Decided', status: 'False', reason: 'Pending' });
    expect(status.conditions?.[0]?.message).toContain(message);
  });

  it.each([
    ['nothing happens by time alone', {}, 0, undefined],
    ['its time is over', { timeoutSeconds: 90 }, 0, 90],
    ['it is escalated first', { timeoutSeconds: 90, escalation: LATER }, 0, 60],
    ['its time is over, after it was escalated', { timeoutSeconds: 90, escalation: LATER }, 60, 90],
  ])('is looked at when %s', (_what, spec, after, at) => {
    const { wakeAt } = planApproval(view(approvalWith(spec), after));
    expect(wakeAt).toBe(at === undefined ? undefined : MADE + at * 1000);
  });

  it('is escalated once', () => {
    const approval = approvalWith({ approvers: { users: ['ann'] }, escalation: LATER });
    const { status } = planApproval(view(approval, 60));
    expect(status.escalatedAt).toBe(formatTime(MADE + 60_000));
    expect(status.conditions?.[1]).toMatchObject({ type: 'Escalated', status: 'True' });
    expect(status.conditions?.[0]?.message).toContain('user "ann", group "owners"');
    const later = planApproval(view({ ...approval, status }, 120));
    expect(later.status).toEqual(status);
  });

  it.each([
    ['Reject', { result: 'rejected', words: 'Nobody has decided in time.' }],
    ['Approve', { result: 'approved' }],
    ['Fail', { result: 'failed' }],
    [undefined, { result: 'rejected', words: 'Nobody has decided in time.' }],
  ] as const)('ends when its time is over: %s', (onTimeout, outcome) => {
    const approval = approvalWith({ timeoutSeconds: 90, ...(onTimeout === undefined ? {} : { onTimeout }) });
    const { status, wakeAt } = planApproval(view(approval, 90));
    expect([status.phase, wakeAt]).toEqual(['TimedOut', undefined]);
    expect(status).not.toHaveProperty('decision');
    expect(outcomeOf({ ...approval, status })).toEqual(outcome);
  });

  it('is closed when nobody waits for it', () => {
    const { status } = planApproval(view(approvalWith({ timeoutSeconds: 1 }), 5, false));
    expect(status.phase).toBe('Closed');
  });

  it.each([
    [{ decision: 'Approved', decidedBy: { name: 'ann' } }, 'Approved by "ann".'],
    [{ decision: 'Rejected', decidedBy: { name: 'ann' }, reason: 'too late' }, 'Rejected by "ann": too late'],
  ] as const)('%j stays, whatever time it is and whoever waits', (decided, message) => {
    const approval = approvalWith({ timeoutSeconds: 1 }, { phase: 'Decided', ...decided });
    const { status } = planApproval(view(approval, 100, false));
    expect(status).toMatchObject({ phase: 'Decided', ...decided });
    expect(status.conditions?.[0]).toMatchObject({ status: 'True', reason: decided.decision, message });
  });
});

describe('who waits for an Approval', () => {
  const own = (approval: Approval): Approval => ({
    ...approval,
    metadata: {
      ...approval.metadata,
      ownerReferences: [
        { apiVersion: 'agent.wecode.io/v1', kind: 'Task', name: 'task', uid: 't', controller: true },
      ],
    },
  });
  const task = (status: Task['status'], uid = 't'): Task => ({
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: 'task', namespace: 'default', uid },
    spec: { prompt: 'x', teamRef: { name: 'team' } },
    ...(status === undefined ? {} : { status }),
  });
  const named = { status: 'RUNNING', approvals: [{ name: 'a', purpose: 'Stage' }] } as const;

  it.each([
    [
      'its Task, which names it',
      own(approvalWith()),
      task({ ...named, approvals: [...named.approvals] }),
      true,
    ],
    ['no Task that no longer names it', own(approvalWith()), task({ status: 'RUNNING' }), false],
    [
      'no Task that has ended',
      own(approvalWith()),
      task({ ...named, approvals: [...named.approvals], status: 'FAILED' }),
      false,
    ],
    [
      'no other Task of the name',
      own(approvalWith()),
      task({ ...named, approvals: [...named.approvals] }, 'other'),
      false,
    ],
    ['nobody when the Task is gone', own(approvalWith()), undefined, false],
    ['a Task that somebody else made it for', approvalWith(), task({ status: 'RUNNING' }), true],
  ])('is %s', (_who, approval, its, wanted) => {
    expect(isWanted(approval, its)).toBe(wanted);
  });
});

describe('a notice', () => {
  const to = { webhook: 'hooks.example', mail: ['ann'] };
  const sentAs = (state: ApprovalNotification['state'], attempts = 1): ApprovalNotification => ({
    ...{ id: 'Webhook/Requested', channel: 'Webhook', event: 'Requested', state, attempts },
    lastAttemptAt: formatTime(MADE),
  });

  it.each([
    ['says that it is asked', { phase: 'Pending' }, ['Webhook/Requested', 'Mail/Requested/ann']],
    [
      'asks more people when it was escalated',
      { phase: 'Pending', escalatedAt: formatTime(MADE) },
      ['Webhook/Escalated', 'Mail/Escalated/ann'],
    ],
    [
      'tells of the end, by the webhook only',
      { phase: 'Decided', decision: 'Approved' },
      ['Webhook/Decided'],
    ],
    ['says that its time is over', { phase: 'TimedOut' }, ['Webhook/TimedOut']],
    ['is sent once', { phase: 'Pending', notifications: [sentAs('Sent')] }, ['Mail/Requested/ann']],
    [
      'is not sent after the last attempt',
      { phase: 'Pending', notifications: [sentAs('Failed')] },
      ['Mail/Requested/ann'],
    ],
  ] as const)('%s', (_what, status, ids) => {
    const plan = planNotices(approvalWith({}, structuredClone(status) as ApprovalStatus), to, MADE);
    expect(plan.due.map(({ id }) => id)).toEqual(ids);
  });

  it('is tried again, ever later, and given up in the end', () => {
    let list: ApprovalNotification[] = [];
    let now = MADE;
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 15; attempt++) {
      const approval = approvalWith({}, { phase: 'Pending', notifications: list });
      const [notice] = planNotices(approval, { webhook: 'h', mail: [] }, now).due;
      if (notice === undefined) throw new Error('nothing is due');
      list = withAttempt(list, notice, { sent: { taken: false, why: 'down', isFinal: false }, now });
      const next = planNotices(
        { ...approval, status: { phase: 'Pending', notifications: list } },
        { webhook: 'h', mail: [] },
        now,
      );
      expect(next.due).toEqual([]);
      if (next.retryAt === undefined) break;
      waits.push((next.retryAt - now) / 1000);
      now = next.retryAt;
    }
    expect(waits.slice(0, 8)).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
    expect(list).toMatchObject([{ state: 'Failed', attempts: 15, message: 'down' }]);
  });

  it('is not tried again where that is no use', () => {
    const notice = {
      id: 'Webhook/Requested',
      channel: 'Webhook',
      event: 'Requested',
      recipient: 'h',
    } as const;
    const sent = { taken: false, why: 'gone', isFinal: true } as const;
    expect(withAttempt([], notice, { sent, now: MADE })).toMatchObject([{ state: 'Failed' }]);
  });
});

describe('a webhook', () => {
  const secret = (data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default' },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, btoa(value)])),
  });
  const approval = approvalWith({ notify: { webhook: { secretRef: { name: 's' } } } });

  it.each([
    ['a Secret that is not there', undefined, 'Secret "s" not found.'],
    ['a key that is not there', secret({ url: 'https://x' }), 'Secret "s" has no key "secret".'],
    [
      'no address',
      secret({ secret: 'k' }),
      'Neither spec.notify.webhook.url nor the key "url" of Secret "s" has the address.',
    ],
    ['a text that is no address', secret({ secret: 'k', url: 'x' }), 'The address in Secret "s" is no URL.'],
  ])('with %s is not sent', (_what, its, why) => {
    expect(webhookTarget(approval, its)).toBe(why);
  });

  it('has its address and its key from the Secret, and tells neither', () => {
    const target = webhookTarget(approval, secret({ secret: 'k\n', url: 'https://hooks.example/path' }));
    expect(target).toEqual({ url: 'https://hooks.example/path', key: 'k' });
    const notice = {
      id: 'Webhook/Requested',
      channel: 'Webhook',
      event: 'Requested',
      recipient: 'h',
    } as const;
    const message = webhookMessage(approval, notice, { url: 'https://hooks.example/path', key: 'canary' });
    expect(message.body).not.toMatch(/canary|secretRef|hooks/);
    expect(JSON.parse(message.body)).toMatchObject({
      type: 'approval.requested',
      data: { namespace: 'default', name: 'a', purpose: 'Stage', message: 'Go on?' },
    });
  });
});
