import { refOf } from '#api/machinery/resource-type';
import type { ObjectRef } from '#api/machinery/resource-type';
import type { NewTaskMessage } from '#api/client/task-log';
import { isStatusError } from '#api/machinery/status-error';
import { TASKS } from '#api/types/resources';
import type { Task } from '#api/types/generated/task';
import { isFinalTaskStatus } from '#api/types/tasks/task';
import type { PersistentClient } from './persistent-client.ts';
import type { Deed, TaskScenario } from './scenario.ts';
import { taskMark } from './task-mark.ts';

type Moment = Omit<Deed, 'act'>;

const hasEnded = ({ status }: Task): boolean => isFinalTaskStatus(status?.status);
const hasFailed = ({ status }: Task): boolean => status?.status === 'FAILED';
const works = ({ status }: Task): boolean => status?.status === 'RUNNING' || hasEnded({ status } as Task);

export const AT_THE_END: Moment = { when: hasEnded };
export const AFTER_FAILURE: Moment = { when: hasFailed };
/** Somewhere in its work, or after it. */
export const IN_THE_MIDDLE: Moment = { withinMs: 8_000 };
export const SOON: Moment = { withinMs: 2_500 };
/** Once an agent is at work. */
export const AT_WORK: Moment = { when: works, withinMs: 1_500 };

/** Says something to the agents. */
export const say = (text: string, moment: Moment, more: Partial<NewTaskMessage> = {}): Deed => ({
  ...moment,
  act: ({ user }, task) =>
    user.ask(({ taskLog }) =>
      taskLog.post(refOf(task), { id: 'more', text: `${text} ${taskMark(task.metadata.name)}`, ...more }),
    ),
});

const patched = (spec: object, moment: Moment): Deed => ({
  ...moment,
  act: async ({ user }, task) => {
    await user.persist((client) => client.patch(TASKS, refOf(task), { type: 'merge', body: { spec } }));
  },
});

export const cancel = (moment: Moment): Deed => patched({ cancel: true }, moment);
export const suspend = (moment: Moment): Deed => patched({ suspend: true }, moment);
export const resume = (moment: Moment): Deed => patched({ suspend: false }, moment);

/** Sends an event to the step that waits for it, or will. */
export const signal = (name: string, data: unknown, moment: Moment): Deed => ({
  ...moment,
  act: ({ user }, task) => user.ask(({ taskLog }) => taskLog.send(refOf(task), { id: name, name, data })),
});

/** Puts right what the Task has failed by, and lets it run again. */
export const repair = (moment: Moment): Deed => ({
  ...moment,
  act: async ({ user, desk }, task) => {
    desk.repair(task.metadata.name);
    await user.ask(({ taskLog }) => taskLog.retry(refOf(task), { id: 'repaired' }));
  },
});

export const remove = (moment: Moment): Deed => ({
  ...moment,
  act: async ({ user }, task) => {
    await user.persist((client) => deleteOnce(client, refOf(task)));
  },
});

/** The name of the fork of a Task. */
export const forkName = (task: string): string => `${task}-fork`;

/** Goes on from a step by a Task of its own, at some moment after that step. @param node its id */
export const fork = (node: string, scenario: TaskScenario): Deed => ({
  when: ({ status }) =>
    status?.subTasks?.some((one) => one.node === node && one.status === 'COMPLETED') ?? false,
  withinMs: 8_000,
  act: ({ handIn }, { metadata: { name: task } }) =>
    handIn(forkName(task), { ...scenario, task: { ...scenario.task, forkFrom: { task, step: node } } }),
});

/** Removes the Task that this one has gone on from, once it has what it takes over. */
export const removeOther: Deed = {
  when: ({ status }) => status?.subTasks?.some(({ forkedFrom }) => forkedFrom !== undefined) ?? false,
  act: async ({ user }, task) => {
    const other = refOf(task, task.spec.forkFrom?.task ?? '');
    await user.persist((client) => deleteOnce(client, other));
  },
};

async function deleteOnce(
  client: Parameters<Parameters<PersistentClient['persist']>[0]>[0],
  task: ObjectRef,
): Promise<void> {
  await client.delete(TASKS, task).catch((error: unknown) => {
    // By a request whose answer was lost.
    if (!isStatusError(error, 'NotFound')) throw error;
  });
}
