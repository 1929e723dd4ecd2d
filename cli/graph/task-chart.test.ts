import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { taskChart } from './task-chart.ts';
import { dotChart } from './dot-chart.ts';
import { mermaidChart } from './mermaid-chart.ts';
import { svgChart } from './svg-chart.ts';
import { textChart } from './text-chart.ts';

const object = (kind: string, more: object): Unstructured => ({
  ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind, metadata: { name: 'x' } },
  ...more,
});

const record = (node: string, status: string, more: object = {}) => ({
  ...{ node, status, title: node, result: { value: 'answer' } },
  ...more,
});

const WORKER = {
  usesWorkspace: false,
  shell: { type: 'Chat' },
  agent: { botName: 'b', ghostRef: { name: 'g' } },
};
const MEMBERS = { lead: WORKER, ann: WORKER, ben: WORKER, cid: WORKER };

interface Started {
  program?: object;
  nodes?: readonly object[];
  subTasks: readonly object[];
  spec?: object;
}

/** The lines of its drawing, without the title. */
function drawn({ program, nodes = [], subTasks, spec = {} }: Started): string[] {
  const task = object('Task', {
    spec: { title: 'T', prompt: 'ASK', teamRef: { name: 't' }, ...spec },
    status: { status: 'RUNNING', revision: 'x', subTasks },
  });
  const content = { teamRef: { name: 't' }, mode: 'workflow', nodes, members: MEMBERS };
  const revision = object('TaskRevision', {
    spec: { ...content, ...(program === undefined ? {} : { program }) },
  });
  const chart = taskChart(task, revision);
  for (const draw of [dotChart, mermaidChart, svgChart]) expect(draw(chart)).toContain('Task x: RUNNING');
  return textChart(chart).trimEnd().split('\n').slice(1);
}

const workflow = (steps: readonly object[], more: object = {}) => ({
  ...{ kind: 'workflow', mode: 'script', workflow: { steps } },
  ...more,
});
const node = (id: string, needs: readonly string[]) => ({
  ...{ id, name: id, needs, ...WORKER, workspace: { uses: false } },
  ...{
    inputs: { taskPrompt: true, results: [] },
    policy: { requireConfirmation: false, onFailure: 'FailTask' },
  },
});

const EMPTY = { when: '', forEach: '', repeatUntil: '', place: '', run: '', outputs: [], maxIterations: 1 };

describe('troupe graph task/x', () => {
  it('draws nodes by what they need, with their ids', () => {
    const nodes = [node('s0', []), node('s1', ['s0'])];
    const subTasks = [record('s0', 'COMPLETED', { title: 'a' }), record('s1', 'COMPLETED', { title: 'a' })];
    expect(drawn({ nodes, subTasks })).toEqual([
      '├─ a (s0)  COMPLETED',
      '└─ a (s1)  COMPLETED  [after a (s0)]',
    ]);
  });

  it('draws no arrow where nobody knows what it was started with', () => {
    const status = { status: 'FAILED', subTasks: [record('s0', 'COMPLETED'), record('s1', 'FAILED')] };
    expect(textChart(taskChart(object('Task', { spec: {}, status }), undefined))).toBe(
      'Task x: FAILED\n├─ s0  COMPLETED\n└─ s1  FAILED\n',
    );
  });

  it('draws candidates and those who vote side by side', () => {
    const program = {
      kind: 'quality',
      bestOf: { candidates: 2, choosers: ['ann'] },
      gates: [
        {
          kind: 'vote',
          voters: ['ann', 'ben'],
          rule: 'Majority',
          tie: 'Reject',
          maxCorrections: 0,
          onRejected: 'Fail',
        },
      ],
    };
    const subTasks = [
      record('c1-s0', 'COMPLETED'),
      record('c2-s0', 'COMPLETED'),
      record('choice-1', 'COMPLETED', { result: { value: '{}', output: { choice: 2, reason: '' } } }),
      record('v1-vote-1', 'RUNNING'),
      record('v1-vote-2', 'PENDING'),
    ];
    expect(drawn({ program, nodes: [node('s0', [])], subTasks })).toEqual([
      '├─ c1-s0  COMPLETED',
      '├─ c2-s0  COMPLETED',
      '├─ choice-1  COMPLETED  [after c1-s0, c2-s0]',
      '├─ v1-vote-1  RUNNING  [after c2-s0]',
      '└─ v1-vote-2  PENDING  [after c2-s0]',
    ]);
  });

  it('tells by the answer that was accepted how a judged step stands', () => {
    const steps = [
      { name: 'draft', participants: ['ann'], quality: { approval: {} } },
      { name: 'print', participants: ['ben'], dependsOn: ['draft'] },
    ];
    const subTasks = [
      record('draft-0', 'COMPLETED'),
      record('draft-0v1approval', 'FAILED', { errorMessage: 'Rejected: Denied by ann: shorter' }),
      record('draft-0v2', 'COMPLETED'),
      record('draft-0v2approval', 'COMPLETED'),
      record('print-1', 'RUNNING'),
    ];
    expect(drawn({ program: workflow(steps), subTasks })).toEqual([
      '├─ draft  COMPLETED (accepted in version 2)  [ann]',
      '│  ├─ work  COMPLETED (2 of 2 done)  [ids draft-0, draft-0v2; again after approval (not accepted, at most 2 times)]',
      '│  └─ approval  COMPLETED (2 of 2 done)  [people; ids draft-0v1approval, draft-0v2approval; after work]',
      '└─ print  RUNNING  [ben; id print-1; after draft]',
    ]);
  });

  it('shows a step as failed whose answer was refused, though all its runs went well', () => {
    const steps = [
      { name: 'draft', participants: ['ann'], quality: { review: { reviewer: 'ben', maxCorrections: 0 } } },
    ];
    const refused = { result: { value: '{}', output: { accept: false, guidance: 'no' } } };
    const subTasks = [record('draft-0', 'COMPLETED'), record('draft-0v1review', 'COMPLETED', refused)];
    expect(drawn({ program: workflow(steps), subTasks })[0]).toBe('└─ draft  FAILED (2 of 2 done)  [ann]');
  });

  it('shows a step as completed that failed and was tried again, also in a loop', () => {
    const loop = {
      ...{ name: 'loop', repeat: { until: 'iteration == 2', maxIterations: 3 } },
      steps: [
        { name: 'test', participants: ['ann'], onFailure: 'Continue' },
        { name: 'write', participants: ['ben'], retry: { limit: 1 } },
      ],
    };
    const subTasks = [
      record('test-0r1x0', 'FAILED', { errorMessage: 'AgentFailed: red' }),
      record('write-0r1x1', 'COMPLETED'),
      record('test-0r2x0', 'COMPLETED'),
      record('write-0r2x1', 'FAILED', { errorMessage: 'AgentFailed: broken' }),
      record('write-0r2x1t1', 'COMPLETED'),
    ];
    expect(drawn({ program: workflow([loop]), subTasks })).toEqual([
      '└─ loop  COMPLETED (3 of 5 done)  [until iteration == 2, at most 3 times]',
      '   ├─ test  COMPLETED (1 of 2 done)  [ann; ids test-0r1x0, test-0r2x0]',
      '   └─ write  COMPLETED (2 of 3 done)  [ben; 1 more on failure; ids write-0r1x1, write-0r2x1, write-0r2x1t1]',
    ]);
  });

  it('keeps the nodes of leaders, judges and people apart from those of steps', () => {
    const planner = {
      leader: 'lead',
      members: [
        { name: 'ann', description: '' },
        { name: 'ben', description: '' },
      ],
      actions: [],
      maxSteps: 9,
    };
    const inner = workflow([], { mode: 'planned', planner });
    const gates = [{ kind: 'review', reviewer: 'cid', maxCorrections: 2, onRejected: 'Fail' }];
    const written = [
      { name: 'pie', participant: 'ann', prompt: 'Bake.', dependsOn: [] },
      { name: 'invite', participant: 'ben', prompt: 'Write.', dependsOn: ['pie'] },
    ].map((one) => Object.assign(one, EMPTY));
    const accepted = { result: { value: '{}', output: { accept: true, guidance: '' } } };
    const subTasks = [
      record('plan', 'COMPLETED', { result: { value: '', output: { steps: written } } }),
      record('pie-0', 'COMPLETED'),
      record('invite-1', 'COMPLETED'),
      record('v1-review', 'COMPLETED', accepted),
      record('message-1', 'RUNNING', { title: 'ben', goesOnFrom: 'invite-1' }),
    ];
    const messages = [{ id: 'm', number: 1, text: 'More.', policy: 'Queue' }];
    const program = { kind: 'quality', inner, gates };
    expect(drawn({ program, subTasks, spec: { messages } })).toEqual([
      '├─ plan  COMPLETED',
      '├─ pie  COMPLETED  [ann; id pie-0; after plan]',
      '├─ invite  COMPLETED  [ben; id invite-1; after pie]',
      '├─ v1-review  COMPLETED  [after invite]',
      '└─ ben (message-1)  RUNNING  [after invite]',
    ]);
  });
});
