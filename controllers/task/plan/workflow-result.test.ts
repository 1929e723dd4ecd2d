import { expect, it } from 'vitest';
import type { Step } from '#workflows/workflow';
import { PROGRAMS } from '../unfold/programs.ts';
import { madeUpRevision } from '../unfold/team/made-up.ts';
import type { WorkflowProgram } from '../unfold/workflow/workflow-program.ts';
import { World } from './world.ts';

/** A Task that works by these steps; each of its runs ends with the next answer. */
function resultOf(steps: Step[], answers: readonly object[]): unknown {
  const program: WorkflowProgram = { kind: 'workflow', mode: 'script', workflow: { steps } };
  // Who has files needs the node that they come from, too.
  const content = madeUpRevision(program, { writer: { usesWorkspace: false }, critic: {} });
  const world = new World({ outcome: 'resolved', content });
  world.programs = PROGRAMS;
  world.settle();
  for (const result of answers) {
    for (const { metadata, status } of world.sandboxes()) {
      if (status?.phase === undefined)
        world.change(metadata.name, { status: { phase: 'Succeeded', result: { value: '', ...result } } });
    }
    world.settle();
  }
  expect(world.task().status).toMatchObject({ status: 'COMPLETED' });
  return world.task().status?.result?.['value'];
}

const write = (name: string, more: Partial<Step> = {}): Step => ({ name, participants: ['writer'], ...more });

it.each<{ reason: string; steps: Step[]; answers: object[]; want: string }>([
  {
    reason: 'the last answer, although a wait before it has failed',
    steps: [
      write('one'),
      { name: 'gate', dependsOn: ['one'], wait: { until: '{{task.prompt}}' }, onFailure: 'Continue' },
      write('fin', { dependsOn: ['gate'] }),
    ],
    answers: [{ value: 'ONE' }, { value: 'FIN' }],
    want: 'FIN',
  },
  {
    reason: 'the answer that was judged, and not the words of the judge',
    steps: [write('one', { quality: { review: { reviewer: 'critic' } } })],
    answers: [{ value: 'ONE' }, { value: '{}', output: { accept: true, guidance: '' } }],
    want: 'ONE',
  },
])('the result of a Task is $reason', ({ steps, answers, want }) => {
  expect(resultOf(steps, answers)).toBe(want);
});
