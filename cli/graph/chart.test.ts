import { describe, expect, it } from 'vitest';
import type { Unstructured } from '#api/machinery/meta';
import { dotChart } from './dot-chart.ts';
import { mermaidChart } from './mermaid-chart.ts';
import { collaborationChart, teamChart } from './object-chart.ts';
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

  it('draws Teams without a workflow by their members', () => {
    const members = [{ role: 'leader', botRef: { name: 'l' } }, { botRef: { name: 'b' } }];
    const team = object('Team', { spec: { members, collaborationModel: 'route' } });
    expect(textChart(teamChart(team, undefined))).toBe(
      'Team x: route\n├─ leader  [leader]\n└─ b  [after leader]\n',
    );
  });

  const judgedSteps = [
    {
      ...{ name: 'write', participants: ['coder'] },
      quality: {
        bestOf: { candidates: 2, choosers: ['ann'] },
        review: { reviewer: 'ann', maxCorrections: 1 },
      },
    },
  ];

  it('draws those who judge what comes of a Team, whatever its members do', () => {
    const members = [
      { name: 'a', botRef: { name: 'b' } },
      { name: 'j', botRef: { name: 'b' } },
    ];
    const quality = { evaluate: { judge: 'j' }, approval: { maxCorrections: 0 } };
    const team = object('Team', { spec: { members, collaborationModel: 'pipeline', quality } });
    expect(textChart(teamChart(team, undefined))).toBe(`Team x: pipeline
├─ a  [again after evaluate (not accepted, at most 3 times)]
├─ evaluate  [j; after a]
└─ approval  [people; after evaluate]
`);
    const framed = svgChart(teamChart(team, flow));
    expect(framed).toContain('not accepted, at most 3 times');
    expect(mermaidChart(teamChart(team, undefined))).toContain('  n1 -.->|');
  });

  it('draws for Graphviz: arrows of groups end at their frames', () => {
    const dot = dotChart(collaborationChart(flow));
    expect(dot).toContain('  subgraph cluster_n2 {');
    expect(dot).toContain('  n1 -> n2_0 [lhead=cluster_n2];');
    expect(dot).toContain('  n2_1 -> n3 [label="failure", ltail=cluster_n2];');
    const judged = object('Collaboration', { spec: { type: 'workflow', steps: judgedSteps } });
    expect(dotChart(collaborationChart(judged))).toContain('constraint=false, style=dashed');
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
    expect(dotChart(collaborationChart(attack))).toContain(
      '  n0 [label="a\\n\\"]; click n0 \\"javascript:alert(1)\\"\\n<script>& "];\n',
    );
    const svg = svgChart(collaborationChart(attack));
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;&amp;');
    expect(textChart(collaborationChart(attack)).split('\n')).toHaveLength(4);
  });

  it('draws the same picture for the same chart, groups within frames', () => {
    const svg = svgChart(collaborationChart(flow));
    expect(svg).toBe(svgChart(collaborationChart(flow)));
    expect(svg.match(/<rect /g)).toHaveLength(7);
    expect(svg).toContain('stroke-dasharray');
  });
});
