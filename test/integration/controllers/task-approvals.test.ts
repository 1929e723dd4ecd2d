import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Approval } from '#api/types/generated/approval';
import type { Task } from '#api/types/generated/task';
import { APPROVALS, SANDBOXES, TASKS, TEAMS } from '#api/types/resources';
import { play, playAlone, sandboxNameOf } from './play.ts';
import type { Play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** Tasks that ask by Approvals, with the real server and the real controllers. */
let world: World;
let p: Play;

beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
  await play(world.client, 'default').executor('e1', 50);
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  p = await playAlone(world.client);
  await p.create.everything({ name: 'dev', requireConfirmation: true }, { name: 'review' });
});

/** A Task whose first stage has ended; with the Approval that asks about it. */
async function atStage(): Promise<{ task: Task; approval: Approval }> {
  const task = await p.create.task('t');
  const first = sandboxNameOf(task, 0, 1);
  await p.bound(first);
  await p.succeeds(first, 'done');
  const { status } = await p.task('t', 'PENDING_CONFIRMATION');
  const name = status?.approvals?.[0]?.name ?? '';
  return { task, approval: await p.there(APPROVALS, name) };
}

const decide = (approval: Approval, status: Approval['status']): Promise<Approval> =>
  world.client.patch(APPROVALS, p.within(approval.metadata.name), {
    ...{ type: 'merge', subresource: 'status', body: { status } },
  });

describe('a stage', () => {
  it('goes on when its Approval is approved', async () => {
    const { task, approval } = await atStage();
    expect(approval.metadata.ownerReferences).toMatchObject([{ kind: 'Task', name: 't', controller: true }]);
    await decide(approval, { decision: 'Approved' });
    await p.bound(sandboxNameOf(task, 1, 1));
    const { status } = await p.there(TASKS, 't', (one) => one.status?.approvals === undefined);
    expect(status?.status).not.toBe('PENDING_CONFIRMATION');
  });

  it('ends the Task with the words of who rejected it', async () => {
    const { approval } = await atStage();
    await decide(approval, { decision: 'Rejected', reason: 'tests are missing' });
    const { status } = await p.task('t', 'FAILED');
    expect(status?.errorMessage).toBe('Step 1 of 2 (dev) failed: Rejected: tests are missing (troupe-admin)');
    expect(status?.approvals).toBeUndefined();
  });

  it('closes its Approval when spec.currentStage confirms it, and when the Task is cancelled', async () => {
    const { approval } = await atStage();
    await p.edit('t', { currentStage: 1 });
    await p.there(APPROVALS, approval.metadata.name, ({ status }) => status?.phase === 'Closed');
    await expect(decide(approval, { decision: 'Rejected' })).rejects.toThrow('the Approval was closed');
  });

  it('makes its Approval again when somebody deletes it', async () => {
    const { approval } = await atStage();
    await world.client.delete(APPROVALS, p.within(approval.metadata.name));
    const { uid } = approval.metadata;
    await p.there(APPROVALS, approval.metadata.name, ({ metadata }) => metadata.uid !== uid);
  });

  it.each([
    ['about itself', (uid = '') => ({ name: 't', uid })],
    ['about another Task', () => ({ name: 'other' })],
  ])('says that an Approval of somebody else %s has its name, and asks when it is gone', async (_, about) => {
    const task = await p.create.task('t');
    const name = `t-${(task.metadata.uid ?? '').slice(0, 5)}-s0-stage-1`;
    const spec = { taskRef: about(task.metadata.uid), purpose: 'Stage', message: 'Go on?' };
    const { namespace } = p;
    await world.client.create(APPROVALS, {
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval', metadata: { name, namespace } },
      spec,
    } as Approval);
    const first = sandboxNameOf(task, 0, 1);
    await p.bound(first);
    await p.succeeds(first, 'done');
    const why = `Approval ${name} is not of this Task: nobody is asked until it is deleted.`;
    await p.there(TASKS, 't', ({ status }) => status?.message?.includes(why) === true);
    await world.client.delete(APPROVALS, p.within(name));
    const asked = await p.there(
      APPROVALS,
      name,
      ({ metadata }) => metadata.ownerReferences?.[0]?.controller === true,
    );
    await decide(asked, { decision: 'Approved' });
    await p.bound(sandboxNameOf(task, 1, 1));
  });

  it('goes with its Task', async () => {
    const { approval } = await atStage();
    await world.client.delete(TASKS, p.within('t'));
    await p.until(APPROVALS, approval.metadata.name, (one) => one === undefined);
  });
});

describe('approvers that a Team names', () => {
  beforeEach(async () => {
    await p.change(TEAMS, p.within('team'), (team) =>
      world.client.update(TEAMS, {
        ...team,
        spec: { ...team.spec, approval: { approvers: { users: ['troupe-admin'] }, timeoutSeconds: 600 } },
      }),
    );
    await p.there(
      TEAMS,
      'team',
      ({ metadata, status }) => status?.observedGeneration === metadata.generation,
    );
  });

  it('decide alone: spec.currentStage and REST confirm do not', async () => {
    const { task, approval } = await atStage();
    expect(approval.spec).toMatchObject({ approvers: { users: ['troupe-admin'] }, timeoutSeconds: 600 });
    await p.edit('t', { currentStage: 1 });
    const path = `/api/v1/namespaces/${p.namespace}/tasks/t/confirm`;
    await expect(world.transport.send({ method: 'POST', path })).rejects.toThrow(
      `Approval "${approval.metadata.name}" decides that, and asks user "troupe-admin"`,
    );
    expect((await world.client.get(TASKS, p.within('t'))).status?.status).toBe('PENDING_CONFIRMATION');
    await decide(approval, { decision: 'Approved' });
    await p.bound(sandboxNameOf(task, 1, 1));
  });

  it('answer alone what an agent asks', async () => {
    const task = await p.create.task('asks');
    const first = sandboxNameOf(task, 0, 1);
    await p.bound(first);
    const question = { id: 'q1', kind: 'Permission' as const, message: 'May I?', tool: 'Bash' };
    await p.change(SANDBOXES, p.within(first), (one) =>
      world.client.updateStatus(SANDBOXES, {
        ...one,
        status: { ...one.status, phase: 'Running', questions: [question] },
      }),
    );
    const { status } = await p.there(TASKS, 'asks', (one) => one.status?.approvals !== undefined);
    const name = status?.approvals?.[0]?.name ?? '';
    expect(status?.approvals).toMatchObject([{ purpose: 'ToolUse', questionId: 'q1', node: 's0' }]);
    const approval = await p.there(APPROVALS, name);
    const path = `/apis/agent.wecode.io/v1/namespaces/${p.namespace}/tasks/asks/answers`;
    const answer = world.transport.send({ method: 'POST', path, body: { id: 'q1', decision: 'allow' } });
    await expect(answer).rejects.toThrow('decides that');
    await decide(approval, { decision: 'Rejected', reason: 'not that' });
    const told = await p.there(SANDBOXES, first, ({ spec }) => spec.answers !== undefined);
    expect(told.spec.answers).toMatchObject([{ id: 'q1', decision: 'deny', message: 'not that' }]);
  });
});

describe('a budget that is used up', () => {
  const BUDGET = { tokenBudget: 100, onBudgetExceeded: 'Ask' as const };

  beforeEach(() =>
    p.change(TEAMS, p.within('team'), (team) => {
      const members = team.spec.members.map((member) => ({ ...member, requireConfirmation: false }));
      return world.client.update(TEAMS, { ...team, spec: { ...team.spec, members } });
    }),
  );

  async function usedUp(): Promise<{ task: Task; approval: Approval }> {
    const task = await p.create.task('t', BUDGET);
    const first = sandboxNameOf(task, 0, 1);
    await p.bound(first);
    await p.succeeds(first, 'done', { usage: { inputTokens: 110 } });
    return { task, approval: await asked() };
  }

  async function asked(): Promise<Approval> {
    const { status } = await p.there(TASKS, 't', (one) => one.status?.approvals !== undefined);
    return p.there(APPROVALS, status?.approvals?.[0]?.name ?? '');
  }

  it('closes its Approval and goes on when it is raised, and asks again when that is used up, too', async () => {
    const { task, approval } = await usedUp();
    const { name } = approval.metadata;
    await p.edit('t', { tokenBudget: 200 });
    const second = sandboxNameOf(task, 1, 1);
    expect((await p.bound(second)).spec.limits).toEqual({ tokens: 90 });
    await p.there(APPROVALS, name, ({ status }) => status?.phase === 'Closed');
    const result = { value: '', sessionId: 's', usage: { inputTokens: 95 } };
    await p.change(SANDBOXES, p.within(second), (one) =>
      world.client.updateStatus(SANDBOXES, {
        ...one,
        status: { ...one.status, phase: 'Failed', reason: 'TokenLimit', message: 'too much', result },
      }),
    );
    const again = await p.there(APPROVALS, name, ({ status }) => status?.phase === 'Pending');
    expect(again.metadata.uid).not.toBe(approval.metadata.uid);
    expect(again.spec.message).toContain('205 tokens of 200');
  });

  it('is asked for again, by another Approval, by who tries a Task again that was refused more', async () => {
    const { task, approval } = await usedUp();
    await decide(approval, { decision: 'Rejected', reason: 'enough' });
    await p.task('t', 'FAILED');
    await world.client.createPart(TASKS, p.within('t'), { subresource: 'retry', body: {} });
    const next = await asked();
    expect(next.metadata.name).not.toBe(approval.metadata.name);
    await decide(next, { decision: 'Approved' });
    await p.bound(sandboxNameOf(task, 1, 1));
  });
});
