import { describe, expect, it } from 'vitest';
import type { Step } from '#workflows/workflow';
import { PROGRAMS } from '../programs.ts';
import { historyOf, idsOf, madeUpRevision, runOf } from '../team/made-up.ts';
import type { Ends } from '../team/made-up.ts';
import type { Unfolded } from '../unfold.ts';
import type { WorkflowProgram } from '../workflow/workflow-program.ts';
import type { Gate, QualityProgram } from './program.ts';

const accept = { output: { accept: true, guidance: '' } };
const refuse = (guidance: string) => ({ output: { accept: false, guidance } });

function unfolded(ends: Ends, program: Partial<QualityProgram>): Unfolded {
  const whole: QualityProgram = { kind: 'quality', gates: [], ...program };
  const revision = madeUpRevision(whole, { ann: {}, ben: {}, cyd: {} });
  return PROGRAMS['quality']?.({ revision, history: historyOf(ends) }) ?? { nodes: [] };
}

describe('the outcome of a workflow', () => {
  const steps: Step[] = [
    { name: 'write', participants: ['ann'], quality: { review: { reviewer: 'cyd' } } },
    { name: 'check', participants: ['ben'], dependsOn: ['write'] },
  ];
  const outputs = { answer: 'steps.write.value' };
  const inner: WorkflowProgram = { kind: 'workflow', mode: 'script', workflow: { steps, outputs } };
  const vote: Gate = {
    ...{ kind: 'vote', voters: ['ben', 'cyd'], rule: 'Majority', tie: 'Reject' },
    ...{ maxCorrections: 1, onRejected: 'Fail' },
  };
  const done: Ends = {
    'write-0': { value: 'text', sessionId: 's' },
    'write-0v1review': accept,
    'check-1': {},
  };

  it('is judged as the answer of the participant who gave it, and goes back to that one', () => {
    const program = { inner, gates: [vote] };
    const asked = unfolded(done, program);
    expect(runOf(asked, 'v1-vote-1').inputs.results).toEqual([{ from: 'write-0', label: 'The answer' }]);
    const ends = { ...done, 'v1-vote-1': refuse('x'), 'v1-vote-2': accept };
    const again = unfolded(ends, program);
    expect(runOf(again, 'v2')).toMatchObject({ name: 'write', session: { from: 'write-0' } });
    const last = unfolded(
      { ...ends, v2: { value: 'new' }, 'v2-vote-1': accept, 'v2-vote-2': accept },
      program,
    );
    expect(last).toMatchObject({ author: 'v2', answer: 'new' });
    expect(last.details?.['quality']).toMatchObject([
      { step: 'write' },
      { gate: 'vote', version: 1 },
      { version: 2 },
    ]);
  });

  it('is missing where its step gave no answer', () => {
    const lazy: Step[] = steps.map((step) =>
      step.name === 'write' ? { name: 'write', participants: ['ann'], when: 'false' } : step,
    );
    const given: WorkflowProgram = { ...inner, workflow: { steps: lazy, outputs } };
    const { failure } = unfolded(
      { 'write-0': { skipped: 'x' }, 'check-1': {} },
      { inner: given, gates: [vote] },
    );
    expect(failure).toMatch(/^NoAnswer: /);
  });

  it('is chosen of the outcomes of several candidates, whose ids have room', () => {
    const long = 'a'.repeat(40);
    const lone: WorkflowProgram = { ...inner, workflow: { steps: [{ name: long, participants: ['ann'] }] } };
    const program = {
      inner: lone,
      bestOf: { candidates: 2, choosers: ['ben'] },
      gates: [],
    };
    const ids = idsOf(unfolded({}, program));
    expect(ids).toEqual([`c1-${'a'.repeat(27)}-0`, `c2-${'a'.repeat(27)}-0`]);
    const given = { [ids[0] ?? '']: { value: 'one' }, [ids[1] ?? '']: { value: 'two' } };
    const chosen = unfolded({ ...given, 'choice-1': { output: { choice: 2, reason: '' } } }, program);
    expect(chosen.answer).toBe('two');
  });
});
