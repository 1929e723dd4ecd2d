import type { Sandbox, SandboxAnswer } from '#api/types/generated/sandbox';
import type { Task, TaskQuestion } from '#api/types/generated/task';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import type { NodeRecord, Suspension } from '../node-record.ts';

export interface OpenQuestionsOf {
  task: Task;
  /** In the order of the nodes. */
  records: readonly NodeRecord[];
  sandboxes: readonly Sandbox[];
}

/** The questions of a Task's runs that people have not answered yet, in the order of the nodes. */
export function openQuestions({ task, records, sandboxes }: OpenQuestionsOf): TaskQuestion[] {
  const answered = new Set((task.spec.answers ?? []).map(({ id }) => id));
  const runs = new Map(sandboxes.map((sandbox) => [sandbox.metadata.name, sandbox]));
  return records.flatMap((record) => {
    const run = record.executor_name === undefined ? undefined : runs.get(record.executor_name);
    const asked = record.suspended?.questions ?? questionsOf(run);
    return asked
      .filter(({ id }) => !answered.has(id))
      .map((question) => Object.assign({ node: record.node }, question));
  });
}

function questionsOf(sandbox: Sandbox | undefined): NonNullable<Sandbox['status']>['questions'] & object {
  return isFinalPhase(sandbox?.status?.phase) ? [] : (sandbox?.status?.questions ?? []);
}

/** The answers that a run which is under way waits for, and lacks; empty when there are none. */
export function newAnswers({ spec }: Task, sandbox: Sandbox): SandboxAnswer[] {
  const has = new Set((sandbox.spec.answers ?? []).map(({ id }) => id));
  return answersTo(spec.answers, questionsOf(sandbox)).filter(({ id }) => !has.has(id));
}

/** The answers to what the run before has asked, each with its question. */
export function answersTo(
  answers: Task['spec']['answers'],
  questions: Suspension['questions'],
): SandboxAnswer[] {
  return (answers ?? []).flatMap((answer) => {
    const question = questions.find(({ id }) => id === answer.id);
    return question === undefined ? [] : [{ ...answer, question }];
  });
}
