import { describe, expect, it } from 'vitest';
import { outcomeProblem, outcomeStep } from './outcome.ts';
import type { Step, Workflow } from './workflow.ts';

const step = (name: string, more: Partial<Step> = {}): Step => ({ name, participants: ['ann'], ...more });
const named = (output: string): Pick<Workflow, 'outputs'> => ({ outputs: { answer: output } });

describe('the step that gives the outcome of a workflow', () => {
  it.each<{ reason: string; steps: Step[]; more?: Pick<Workflow, 'outputs'>; want?: string }>([
    { reason: 'the only one', steps: [step('a')], want: 'a' },
    { reason: 'the last one', steps: [step('b', { dependsOn: ['a'] }), step('a')], want: 'b' },
    {
      reason: 'the one of the only output',
      steps: [step('a-b'), step('c')],
      more: named('steps.a_b.value'),
      want: 'a-b',
    },
    {
      reason: 'the last iteration of a loop',
      steps: [step('a', { repeat: { until: 'true', maxIterations: 2 } })],
      want: 'a',
    },
    { reason: 'two last ones', steps: [step('a'), step('b')] },
    { reason: 'several participants', steps: [step('a', { participants: ['ann', 'ben'] })] },
    { reason: 'a list', steps: [step('a', { forEach: { items: '[1]' } })] },
    { reason: 'an action', steps: [{ name: 'a', action: { script: { run: 'true' } } }] },
    { reason: 'a group', steps: [{ name: 'a', steps: [step('b')] }] },
    { reason: 'a composed output', steps: [step('a')], more: named('steps.a.value + "."') },
    { reason: 'a JSON output', steps: [step('a')], more: named('steps.a.output') },
    {
      reason: 'two outputs',
      steps: [step('a')],
      more: { outputs: { a: 'steps.a.value', b: 'steps.a.value' } },
    },
  ])('$reason: $want', ({ steps, more, want }) => {
    expect(outcomeStep({ steps, ...more })?.name).toBe(want);
  });

  it('is judged by others', () => {
    const members = [
      { name: 'ann', botRef: { name: 'x' } },
      { name: 'ben', botRef: { name: 'x' } },
    ];
    const problem = (steps: Step[], reviewer: string) =>
      outcomeProblem({ steps }, members, { review: { reviewer } });
    expect(problem([step('a')], 'ben')).toBeUndefined();
    expect(problem([step('a')], 'ann')).toMatch(/^spec[.]quality: "ann" gives the outcome/);
    expect(problem([step('a'), step('b')], 'ben')).toMatch(/^spec[.]quality: the outcome of the workflow/);
  });
});
