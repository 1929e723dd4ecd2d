import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CONTROLLERS_ACCOUNT } from '#api/machinery/users/process-account';
import type { Approval, ApprovalSpec } from '#api/types/generated/approval';
import { APPROVALS, SECRETS, TASKS } from '#api/types/resources';
import { isSignedBy, webhookReceiver } from '../../kit/webhook-receiver.ts';
import type { WebhookReceiver } from '../../kit/webhook-receiver.ts';
import { play } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** The first delivery fails. */
let receiver: WebhookReceiver;
let world: World;
let p: Play;

beforeAll(async () => {
  receiver = await webhookReceiver(500);
  world = await startWorld();
  await world.startControllers({ addresses: { allow: [receiver.address] } });
  p = play(world.client, 'default');
  await p.create.task('task');
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

let count = 0;

function make(spec: Partial<ApprovalSpec> = {}): Promise<Approval> {
  return world.client.create(APPROVALS, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Approval',
    metadata: { name: `a${(count += 1)}`, namespace: 'default' },
    spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go on?', ...spec },
  });
}

const seen = (approval: Approval, phase: string): Promise<Approval> =>
  p.there(
    APPROVALS,
    approval.metadata.name,
    ({ status }) => status?.phase === phase && status.conditions !== undefined,
  );

describe('an Approval', () => {
  it('times out by itself, and nobody has decided then', async () => {
    const approval = await make({ timeoutSeconds: 1, onTimeout: 'Approve' });
    const { status } = await seen(approval, 'TimedOut');
    expect(status?.conditions?.[0]).toMatchObject({ type: 'Decided', status: 'True', reason: 'TimedOut' });
    expect([status?.decision, status?.decidedBy]).toEqual([undefined, undefined]);
  });

  it('is escalated by itself', async () => {
    const approval = await make({ escalation: { afterSeconds: 1, approvers: { users: ['boss'] } } });
    const { status } = await p.there(
      APPROVALS,
      approval.metadata.name,
      ({ status: its }) => its?.escalatedAt !== undefined,
    );
    expect(status?.conditions?.[1]).toMatchObject({ type: 'Escalated', status: 'True' });
    expect(status?.phase).toBe('Pending');
  });

  it('is closed when its Task is gone', async () => {
    await p.create.task('short');
    const approval = await make({ taskRef: { name: 'short' } });
    await seen(approval, 'Pending');
    await world.client.delete(TASKS, p.within('short'));
    const { status } = await seen(approval, 'Closed');
    expect(status?.endedAt).toBeDefined();
  });
});

describe('a webhook', () => {
  it('is signed, is to be tried again, and tells of the decision; its key is shown nowhere', async () => {
    const key = 'canary-6f1e';
    await world.client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hook', namespace: 'default' },
      stringData: { secret: key, url: receiver.url },
    });
    const approval = await make({ notify: { webhook: { secretRef: { name: 'hook' } } } });
    const first = await receiver.next();
    expect(isSignedBy(key, first)).toBe(true);
    expect(JSON.parse(first.body)).toMatchObject({
      type: 'approval.requested',
      data: { name: approval.metadata.name },
    });
    const retrying = await p.there(
      APPROVALS,
      approval.metadata.name,
      ({ status }) => status?.notifications !== undefined,
    );
    expect(retrying.status?.notifications).toMatchObject([
      {
        channel: 'Webhook',
        event: 'Requested',
        state: 'Retrying',
        message: 'The address answered with 500.',
      },
    ]);
    await world.client.patch(APPROVALS, p.within(approval.metadata.name), {
      type: 'merge',
      subresource: 'status',
      body: { status: { decision: 'Rejected', reason: 'no' } },
    });
    const last = await receiver.next();
    expect(isSignedBy(key, last)).toBe(true);
    expect(JSON.parse(last.body)).toMatchObject({
      type: 'approval.decided',
      data: { decision: 'Rejected', decidedBy: { name: 'troupe-admin' }, reason: 'no' },
    });
    const told = await p.there(
      APPROVALS,
      approval.metadata.name,
      ({ status }) => status?.notifications?.length === 2,
    );
    expect(JSON.stringify(told)).not.toContain(key);
    expect(JSON.stringify(await p.told('Rejected'))).not.toContain(key);
    expect(first.body + last.body).not.toContain(key);
  });

  it('to an address of the network behind the server is refused', async () => {
    await world.client.create(SECRETS, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'inside', namespace: 'default' },
      stringData: { secret: 'x' },
    });
    const webhook = { url: 'http://169.254.169.254/latest', secretRef: { name: 'inside' } };
    const approval = await make({ notify: { webhook } });
    const { status } = await p.there(
      APPROVALS,
      approval.metadata.name,
      ({ status: its }) => its?.notifications !== undefined,
    );
    expect(status?.notifications?.[0]?.message).toContain(
      '169.254.169.254 is refused: it is a metadata address',
    );
  });
});

it('the controllers decide nothing, with the rights that they have', async () => {
  const approval = await make();
  await seen(approval, 'Pending');
  const ref = p.within(approval.metadata.name);
  const status = { decision: 'Approved' } as const;
  const asControllers = await world.connectAs(CONTROLLERS_ACCOUNT);
  const current = await world.client.get(APPROVALS, ref);
  await expect(
    asControllers.updateStatus(APPROVALS, { ...current, status: { ...current.status, ...status } }),
  ).rejects.toMatchObject({ reason: 'Forbidden' });
  expect((await world.client.get(APPROVALS, ref)).status?.decision).toBeUndefined();
});
