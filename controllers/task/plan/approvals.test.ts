import { describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { ApprovalStatus } from '#api/types/generated/approval';
import type { SandboxQuestion } from '#api/types/generated/sandbox';
import type { ApprovalSettings } from '../approvals/settings.ts';
import { node } from '../graph/made-up.ts';
import type { PlannedNode, RunNode, WaitNode } from '../graph/graph.ts';
import type { Resolution } from '../configuration/resolve.ts';
import { resolved, World } from './world.ts';

const DEV = 'fix-abcde-dev-a1';
const REVIEW = 'fix-abcde-review-a1';
const FOLLOW_UP = 'fix-abcde-message-1-a1';
const STAGE = 'fix-abcde-dev-stage-1';
const succeeded = (value: string) => ({ status: { phase: 'Succeeded' as const, result: { value } } });

function settings(of: ApprovalSettings, ...nodes: PlannedNode[]): Resolution {
  const resolution = resolved(...nodes);
  if (resolution.outcome !== 'resolved') throw new Error('it is resolved');
  return { ...resolution, content: { ...resolution.content, approval: of } };
}

const ONLY_ANN: ApprovalSettings = { approvers: { users: ['ann'] } };
const confirmed = (more: Partial<RunNode> = {}): RunNode =>
  node('dev', { policy: { requireConfirmation: true, onFailure: 'FailTask' }, ...more });
const after = (more: Partial<RunNode> = {}): RunNode => node('review', { needs: ['dev'], ...more });

const decided = (decision: 'Approved' | 'Rejected', more: ApprovalStatus = {}): ApprovalStatus => ({
  ...{ phase: 'Decided', decision, decidedBy: { name: 'ann' } },
  ...more,
});
const timedOut: ApprovalStatus = { phase: 'TimedOut' };

/** The stage has ended. */
function atStage(resolution: Resolution): World {
  const w = new World(resolution);
  w.settle();
  w.change(DEV, succeeded('done'));
  w.settle();
  return w;
}

describe('a stage that is to be confirmed', () => {
  it('is asked by an Approval of the Task, which its status names', () => {
    const w = atStage(settings(ONLY_ANN, confirmed(), after()));
    expect(w.task().status).toMatchObject({
      status: 'PENDING_CONFIRMATION',
      message: 'Step 1 of 2 (dev) has ended. Approval fix-abcde-dev-stage-1 asks user "ann".',
      approvals: [{ name: STAGE, purpose: 'Stage', node: 'dev' }],
    });
    const [approval] = w.openApprovals();
    expect(approval).toMatchObject({
      metadata: { name: STAGE, ownerReferences: [{ uid: 'abcdef-1', controller: true }] },
      spec: { taskRef: { name: 'fix', uid: 'abcdef-1' }, purpose: 'Stage', node: 'dev', ...ONLY_ANN },
    });
  });

  it('goes on when it is approved, and what was decided stays when the Approval is deleted', () => {
    const w = atStage(resolved(confirmed(), after()));
    w.decide(STAGE, decided('Approved'));
    w.step(w.cache(), 'status');
    w.removeApproval(STAGE);
    w.settle();
    expect(w.names()).toContain(REVIEW);
    expect(w.task().status?.approvals).toBeUndefined();
    expect(w.openApprovals()).toEqual([]);
  });

  it('that is rejected changes nothing for a Task that is being cancelled', () => {
    const w = atStage(resolved(confirmed(), after(), node('beside')));
    w.edit({ cancel: true });
    expect(w.settle().status?.status).toBe('CANCELLING');
    w.decide(STAGE, decided('Rejected'));
    expect(w.settle().status?.status).toBe('CANCELLING');
    w.change('fix-abcde-beside-a1', { status: { phase: 'Cancelled', reason: 'Cancelled' } });
    expect(w.settle().status?.status).toBe('CANCELLED');
  });

  it.each([
    ['with words', decided('Rejected', { reason: 'no tests' }), 'Rejected: no tests (ann)'],
    ['without words', decided('Rejected'), 'Rejected: No reason was given. (ann)'],
    ['by nobody', timedOut, 'Rejected: Nobody has decided in time.'],
  ])('ends the Task when it is rejected %s', (_how, status, why) => {
    const w = atStage(resolved(confirmed(), after()));
    w.decide(STAGE, status);
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: `Step 1 of 2 (dev) failed: ${why}`,
    });
    expect(w.names()).toEqual([DEV]);
  });

  it.each([
    ['Approve', 'PENDING'],
    ['Fail', 'FAILED'],
  ] as const)('has the end that onTimeout says: %s', (onTimeout, status) => {
    const w = atStage(settings({ timeoutSeconds: 5, onTimeout }, confirmed(), after()));
    w.decide(STAGE, timedOut);
    const { status: its } = w.settle();
    if (onTimeout === 'Approve') expect(w.names()).toContain(REVIEW);
    else expect([its?.status, its?.errorMessage]).toEqual([status, expect.stringContaining('NotDecided')]);
  });

  it('is confirmed by spec.currentStage too, unless approvers are named', () => {
    const open = atStage(resolved(confirmed(), after()));
    open.edit({ currentStage: 1 });
    expect(open.settle().status?.approvals).toBeUndefined();
    expect(open.names()).toContain(REVIEW);
    const guarded = atStage(settings(ONLY_ANN, confirmed(), after()));
    guarded.edit({ currentStage: 1 });
    expect(guarded.settle().status?.status).toBe('PENDING_CONFIRMATION');
    expect(guarded.names()).toEqual([DEV]);
  });

  it('is asked once more when somebody has deleted the Approval', () => {
    const w = atStage(resolved(confirmed(), after()));
    w.removeApproval(STAGE);
    w.settle();
    expect(w.openApprovals().map(({ metadata }) => metadata.name)).toEqual([STAGE]);
  });

  it('has the settings of its member before those of the Team', () => {
    const own = { approvers: { groups: ['leads'] }, timeoutSeconds: 9 };
    const w = atStage(
      settings({ ...ONLY_ANN, timeoutSeconds: 5, onTimeout: 'Fail' }, confirmed({ approval: own }), after()),
    );
    expect(w.openApprovals()[0]?.spec).toMatchObject({ ...own, onTimeout: 'Fail' });
    expect(w.openApprovals()[0]?.spec.approvers).toEqual(own.approvers);
  });
});

describe('what an agent asks', () => {
  const permission: SandboxQuestion = {
    id: 'q1',
    kind: 'Permission',
    message: 'May I?',
    tool: 'Bash',
    level: 'privileged',
    input: { command: 'ls' },
  };
  const question: SandboxQuestion = { id: 'q1', kind: 'Question', message: 'Which?', options: ['a', 'b'] };

  function asking(of: SandboxQuestion, resolution: Resolution = resolved(node('dev'))): World {
    const w = new World(resolution);
    w.settle();
    w.change(DEV, { status: { phase: 'Running', questions: [of] } });
    w.settle();
    return w;
  }
  const nameOf = (w: World): string => w.openApprovals()[0]?.metadata.name ?? '';

  it.each([
    [permission, 'ToolUse', ['tool', 'level', 'input']],
    [question, 'Question', ['options']],
  ] as const)('is asked by an Approval: %j', (of, purpose, fields) => {
    const w = asking(of);
    const [approval] = w.openApprovals();
    expect(approval?.spec).toMatchObject({ purpose, node: 'dev', questionId: 'q1', message: of.message });
    for (const field of fields)
      expect(approval?.spec[field as keyof typeof approval.spec]).toEqual(of[field as keyof typeof of]);
  });

  it.each([
    [permission, decided('Approved'), { decision: 'allow' }],
    [permission, decided('Rejected', { reason: 'never' }), { decision: 'deny', message: 'never' }],
    [permission, timedOut, { decision: 'deny', message: 'Nobody has decided in time.' }],
    [question, decided('Approved', { message: 'b' }), { message: 'b' }],
    [
      question,
      decided('Rejected', { reason: 'ask Bo' }),
      { message: 'Nobody answers this question: ask Bo' },
    ],
  ])('%j, decided as %j, is answered by %j', (of, status, answer) => {
    const w = asking(of);
    w.decide(nameOf(w), status);
    w.settle();
    expect(w.sandbox(DEV).spec.answers).toEqual([{ id: 'q1', question: of, ...answer }]);
    expect(w.task().status?.approvals).toBeUndefined();
    expect(w.task().spec.answers).toBeUndefined();
  });

  it('is answered once: the first answer stays', () => {
    const w = asking(permission);
    w.edit({ answers: [{ id: 'q1', decision: 'deny' }] });
    w.decide(nameOf(w), decided('Approved'));
    w.settle();
    expect(w.sandbox(DEV).spec.answers).toMatchObject([{ id: 'q1', decision: 'deny' }]);
  });

  it('is not answered past the approvers who are named', () => {
    const w = asking(permission, settings(ONLY_ANN, node('dev')));
    w.edit({ answers: [{ id: 'q1', decision: 'allow' }] });
    expect(w.settle().status).toMatchObject({ status: 'PENDING_CONFIRMATION', questions: [{ id: 'q1' }] });
    expect(w.sandbox(DEV).spec.answers).toBeUndefined();
    w.decide(nameOf(w), decided('Rejected'));
    w.settle();
    expect(w.sandbox(DEV).spec.answers).toMatchObject([{ id: 'q1', decision: 'deny' }]);
  });

  it('is not answered past the approvers of the member, where a message has its agent go on', () => {
    const w = new World(resolved(node('dev', { approval: ONLY_ANN })));
    w.settle();
    w.change(DEV, succeeded('done'));
    w.settle();
    w.post();
    w.settle();
    w.change(FOLLOW_UP, { status: { phase: 'Running', questions: [permission] } });
    w.settle();
    w.edit({ answers: [{ id: 'q1', decision: 'allow' }] });
    expect(w.settle().status).toMatchObject({ questions: [{ id: 'q1' }] });
    expect(w.sandbox(FOLLOW_UP).spec.answers).toBeUndefined();
    w.decide(nameOf(w), decided('Rejected'));
    w.settle();
    expect(w.sandbox(FOLLOW_UP).spec.answers).toMatchObject([{ id: 'q1', decision: 'deny' }]);
  });

  it('goes on after a suspension with what was decided, although the Approval is gone by then', () => {
    const w = asking(permission, settings(ONLY_ANN, node('dev')));
    w.change(DEV, {
      status: { phase: 'Suspended', questions: [permission], result: { value: '', sessionId: 's' } },
    });
    w.settle();
    const name = nameOf(w);
    w.decide(name, decided('Approved'));
    w.step(w.cache(), 'status');
    w.removeApproval(name);
    w.settle();
    expect(w.sandbox('fix-abcde-dev-a2').spec).toMatchObject({
      session: { id: 's' },
      answers: [{ id: 'q1', decision: 'allow', question: permission }],
    });
  });

  it('fails the Task when nobody has decided in time and that is wanted, also when its run is cancelled by that', () => {
    const w = asking(permission, settings({ timeoutSeconds: 1, onTimeout: 'Fail' }, node('dev')));
    w.decide(nameOf(w), timedOut);
    w.settle();
    expect(w.sandbox(DEV).spec.cancel).toBe(true);
    w.change(DEV, { status: { phase: 'Cancelled' } });
    expect(w.settle().status).toMatchObject({
      status: 'FAILED',
      errorMessage: expect.stringContaining('NotDecided'),
    });
  });

  it('that nobody has decided in time does not keep a message from taking the Task up again', () => {
    const w = asking(permission, settings({ timeoutSeconds: 1, onTimeout: 'Fail' }, node('dev')));
    w.decide(nameOf(w), timedOut);
    w.settle();
    w.change(DEV, { status: { phase: 'Cancelled' } });
    expect(w.settle().status?.status).toBe('FAILED');
    w.post();
    expect(w.settle().status?.status).toBe('PENDING');
    expect(w.names()).toContain(FOLLOW_UP);
  });

  it('is not approved by being late, where an answer is needed', () => {
    const w = asking(question, settings({ timeoutSeconds: 1, onTimeout: 'Approve' }, node('dev')));
    expect(w.openApprovals()[0]?.spec.onTimeout).toBe('Reject');
  });
});

describe('a node that waits for a decision', () => {
  const gate = (more: Partial<WaitNode> = {}): WaitNode => {
    const { agent: _, shell: __, ...rest } = node('gate');
    return {
      ...rest,
      kind: 'wait',
      wait: { for: 'approval', message: 'Ship it?' },
      workspace: { uses: false },
      ...more,
    };
  };
  const ship = node('ship', {
    needs: ['gate'],
    inputs: { taskPrompt: true, results: [{ from: 'gate', label: 'Decision' }] },
  });

  it('asks, and passes the words on', () => {
    const w = new World(resolved(gate(), ship));
    expect(w.settle().status).toMatchObject({
      status: 'PENDING_CONFIRMATION',
      approvals: [{ purpose: 'Step', node: 'gate' }],
    });
    expect(findCondition(w.task().status?.conditions, 'Finished')?.message).toBe(
      'Step 1 of 2 (gate): Ship it? Approval fix-abcde-gate-step asks whoever may approve it.',
    );
    w.decide('fix-abcde-gate-step', decided('Approved', { message: 'to staging' }));
    w.settle();
    expect(w.sandbox('fix-abcde-ship-a1').spec.prompt).toContain('to staging');
  });

  it('fails when it is rejected, which an edge may follow', () => {
    const w = new World(
      resolved(
        gate({ policy: { requireConfirmation: false, onFailure: 'Continue' } }),
        node('undo', { needs: ['gate'], on: { gate: 'failure' } }),
      ),
    );
    w.settle();
    w.decide('fix-abcde-gate-step', decided('Rejected', { reason: 'no' }));
    w.settle();
    expect(w.names()).toEqual(['fix-abcde-undo-a1']);
    expect(w.task().status?.subTasks?.[0]).toMatchObject({
      status: 'FAILED',
      errorMessage: 'Rejected: no (ann)',
    });
  });
});

it('nothing is asked about a Task that comes to its end', () => {
  const w = atStage(resolved(confirmed(), after()));
  w.edit({ cancel: true });
  expect(w.settle().status).toMatchObject({ status: 'CANCELLED' });
  expect(w.task().status?.approvals).toBeUndefined();
});
