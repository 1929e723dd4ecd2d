import type { Sandbox, SandboxAgent } from '#api/types/generated/sandbox';
import type { Task, TaskSpec, TaskStatus, TaskSubTask } from '#api/types/generated/task';
import { SANDBOXES, TASKS } from '#api/types/resources';
import { isFinalPhase } from '#api/types/sandboxes/sandbox';
import { isAtRest } from '#api/types/tasks/task';
import type { Informers } from '../runtime/informers.ts';

/**
 * The parts of ended Tasks and Sandboxes that the caches of all controllers keep: nobody deletes these objects, and most of them are
 * texts that no controller reads again. The rest must never be written back, so a status is not written for a Task at
 * rest, nor a spec for a Sandbox that has ended; patches say what they change.
 */

/** Before anybody asks for the informers. */
export function keepOfEnded(informers: Pick<Informers, 'keep'>): void {
  informers.keep(TASKS, keptTask);
  informers.keep(SANDBOXES, keptSandbox);
}

/**
 * A Task at rest has no plan. The change that takes it up brings all of it again; a fork reads it from the server.
 * One with a callback is kept as it is: its messages tell of its result.
 */
export function keptTask(task: Task): Task {
  if (!isAtRest(task) || task.spec.callback !== undefined) return task;
  const { status } = task;
  return {
    ...task,
    spec: withoutTexts(task.spec),
    ...(status === undefined ? {} : { status: withoutResults(status) }),
  };
}

function withoutTexts(whole: TaskSpec): TaskSpec {
  const { answers: _, events: __, parameters: ___, ...spec } = whole;
  const messages = spec.messages?.map((message) => ({ ...message, text: '' }));
  return { ...spec, prompt: '', ...(messages === undefined ? {} : { messages }) };
}

function withoutResults(whole: TaskStatus): TaskStatus {
  const { result: _, conditions: __, transitions: ___, ...status } = whole;
  const subTasks = status.subTasks?.map(identityOf);
  return { ...status, ...(subTasks === undefined ? {} : { subTasks }) };
}

/** Which node it is of, and which Sandbox was its last. */
function identityOf({ node, executor_name: sandbox, status }: TaskSubTask): TaskSubTask {
  return {
    ...(node === undefined ? {} : { node }),
    ...(sandbox === undefined ? {} : { executor_name: sandbox }),
    ...(status === undefined ? {} : { status }),
  };
}

/** The words to an agent are between its executor manager and the agent. Its end is for the Task, which may go on. */
export function keptSandbox(sandbox: Sandbox): Sandbox {
  if (!isFinalPhase(sandbox.status?.phase)) return sandbox;
  const { agent, prompt: _, model: __, history: ___, outputSchema: ____, ...spec } = sandbox.spec;
  return { ...sandbox, spec: { ...spec, ...(agent === undefined ? {} : { agent: withItsSkills(agent) }) } };
}

/** Packages of skills are deleted when nothing names them. */
function withItsSkills({ botName, skills }: SandboxAgent): SandboxAgent {
  return { botName, ...(skills === undefined ? {} : { skills }) };
}
