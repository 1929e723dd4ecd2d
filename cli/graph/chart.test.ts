import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { mermaidChart } from './mermaid-chart.ts';
import { collaborationChart, taskChart, teamChart } from './object-chart.ts';
import { svgChart } from './svg-chart.ts';
import { textChart } from './text-chart.ts';

const object = (kind: string, more: object): Unstructured => ({
  ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind, metadata: { name: 'x' } },
  ...more,
});

const steps = [
  { name: 'plan', participants: ['planner'] },
  {
    name: 'write',
    participants: ['coder'],
    dependsOn: ['plan'],
    forEach: { items: 'steps.plan.output.files' },
  },
  {
    ...{
      name: 'loop',
      dependsOn: ['write'],
      repeat: { until: 'steps.test.status == "Succeeded"', maxIterations: 3 },
    },
    steps: [
      { name: 'test', action: { script: { run: 'make test' } }, onFailure: 'fix' },
      { name: 'fix', participants: ['coder'] },
    ],
  },
  { name: 'tell', wait: { seconds: 3 }, dependsOn: ['loop.failure'] },
];
const flow = object('Collaboration', { spec: { type: 'workflow', steps } });
const record = (node: string, status: string, title = node) => ({ node, status, title });

const task = object('Task', {
  status: {
    ...{ status: 'RUNNING', revision: 'r' },
    subTasks: [
      record('plan-0', 'COMPLETED'),
      record('write-1i0', 'COMPLETED'),
      record('write-1i10', 'RUNNING'),
      record('test-2r1x0', 'FAILED'),
      record('fix-2r1x1', 'RUNNING'),
    ],
  },
});
const revision = object('TaskRevision', { spec: { program: { kind: 'workflow', workflow: { steps } } } });

describe('troupe graph', () => {
  it('draws a workflow as text, in an order in which it can be done', () => {
    expect(textChart(collaborationChart(flow))).toBe(`Collaboration x
├─ plan  [planner]
├─ write  [coder; for each of steps.plan.output.files; after plan]
├─ loop  [until steps.test.status == "Succeeded", at most 3 times; after write]
│  ├─ test  [script]
│  └─ fix  [coder; after test (failure)]
└─ tell  [waits: seconds; after loop (failure)]
`);
  });

  it('shows how the steps of a Task stand, with all runs that they have had', () => {
    const text = textChart(taskChart(task, revision));
    expect(text).toContain('Task x: RUNNING');
    expect(text).toContain('plan  COMPLETED');
    expect(text).toContain('write  RUNNING (1 of 2 done)');
    expect(text).toContain('loop  RUNNING (0 of 2 done)');
    expect(text).toContain('test  FAILED');
    expect(text).toContain('tell  [waits');
  });

  it('draws Tasks and Teams without a workflow by what is known of them', () => {
    const nodes = [
      { id: 's0', needs: [] },
      { id: 's1', needs: ['s0'] },
    ];
    const status = {
      status: 'COMPLETED',
      subTasks: [record('s0', 'COMPLETED', 'a'), record('s1', 'COMPLETED', 'a')],
    };
    const chart = taskChart(object('Task', { status }), object('TaskRevision', { spec: { nodes } }));
    expect(textChart(chart)).toContain('└─ a (s1)  COMPLETED  [after a (s0)]');
    const members = [{ role: 'leader', botRef: { name: 'l' } }, { botRef: { name: 'b' } }];
    const team = object('Team', { spec: { members, collaborationModel: 'route' } });
    expect(textChart(teamChart(team, undefined))).toBe(
      'Team x: route\n├─ leader  [leader]\n└─ b  [after leader]\n',
    );
  });

  const hostile = '"]; click n0 "javascript:alert(1)"\n<script>&\u0007';
  const attack = object('Collaboration', {
    spec: {
      type: 'workflow',
      steps: [
        { name: 'a', participants: [hostile] },
        { name: 'b', participants: ['p'], dependsOn: ['a'] },
      ],
    },
  });

  it('keeps texts texts, in every format', () => {
    const mermaid = mermaidChart(collaborationChart(attack));
    expect(mermaid.split('\n').slice(3)).toEqual([
      'flowchart TD',
      '  n0["a<br/>#34;#93;#59; click n0 #34;javascript:alert(1)#34;<br/>#60;script#62;#38;#7;"]',
      '  n1["b<br/>p"]',
      '  n0 --> n1',
      '',
    ]);
    const svg = svgChart(collaborationChart(attack));
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;&amp;');
    expect(textChart(collaborationChart(attack)).split('\n')).toHaveLength(4);
  });

  it('draws the same picture for the same chart, groups within frames', () => {
    const svg = svgChart(taskChart(task, revision));
    expect(svg).toBe(svgChart(taskChart(task, revision)));
    expect(svg.match(/<rect /g)).toHaveLength(7);
    expect(svg).toContain('stroke-dasharray');
  });
});
