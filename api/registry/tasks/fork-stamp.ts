import { randomUUID } from 'node:crypto';
import { formatTime } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { JsonObject } from '../../machinery/json/json.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { invalidValue } from '../../structural-schema/field-error.ts';
import type { Task, TaskMessage, TaskStatus } from '../../types/generated/task.ts';
import { isStepEnd } from '../../types/tasks/task.ts';
import { unknownNode } from './unknown-node.ts';

/** The wish of a new Task in spec.forkFrom; of any form, since it is read before it is validated. */
export interface AskedFork {
  task: string;
  step?: string;
  text?: string;
  /** The Team of the new Task. */
  team: { name?: unknown; namespace?: unknown };
}

/** @param spec as the server has noted it */
export function revisionProblem(spec: JsonObject): StatusCause | undefined {
  const given = spec['revision'];
  if (given === undefined || given === fieldsOf(spec['forkFrom'])['revision']) return undefined;
  return invalidValue('spec.revision', given, 'a fork runs with the TaskRevision of the other Task');
}

/** Undefined for a Task that is no fork. The notes of the server in the field do not count where a client writes them. */
export function askedFork(spec: JsonObject): AskedFork | undefined {
  const { task, step, text } = fieldsOf(spec['forkFrom']);
  if (typeof task !== 'string' || task === '') return undefined;
  const { name, namespace } = fieldsOf(spec['teamRef']);
  return {
    task,
    team: { name, namespace },
    ...(typeof step === 'string' ? { step } : {}),
    ...(typeof text === 'string' ? { text } : {}),
  };
}

const isDone = (status: string | undefined): boolean => status === 'COMPLETED' || status === 'SKIPPED';

/** Where a fork begins: the step, and how many steps that are listed with it and before it. */
interface ForkPoint {
  step: string;
  steps: ReadonlySet<string>;
}

/** The step that is named, else the last one that has ended: well, unless there are words for what comes next. */
function forkPoint({ step, text }: AskedFork, { status }: Task): ForkPoint | undefined {
  const records = status?.subTasks ?? [];
  const isWanted = text === undefined ? isDone : isStepEnd;
  const index = records.findLastIndex((one) =>
    step === undefined ? isWanted(one.status) : one.node === step && isStepEnd(one.status),
  );
  const node = records[index]?.node;
  if (node === undefined) return undefined;
  return { step: node, steps: new Set(records.slice(0, index + 1).flatMap((one) => one.node ?? [])) };
}

/** Why no Task can be made of it. @param parent the Task that `spec.forkFrom` names; undefined where it is not there */
export function forkProblem(asked: AskedFork, parent: Task | undefined): StatusCause | undefined {
  const at = 'spec.forkFrom';
  if (parent === undefined || parent.metadata.deletionTimestamp !== undefined) {
    const why = parent === undefined ? 'there is no such Task' : 'the Task is being deleted';
    return invalidValue(`${at}.task`, asked.task, why);
  }
  if (parent.status?.revision === undefined) {
    return invalidValue(`${at}.task`, asked.task, 'the Task has not begun: there is nothing to go on from');
  }
  const point = forkPoint(asked, parent);
  if (point !== undefined) return teamProblem(asked, parent) ?? stepProblem(asked, { point, parent });
  const { subTasks = [] } = parent.status;
  if (asked.step === undefined)
    return invalidValue(`${at}.task`, asked.task, 'no step of the Task has come to a good end');
  if (subTasks.some(({ node }) => node === asked.step))
    return invalidValue(`${at}.step`, asked.step, 'the step has not ended');
  return unknownNode(
    `${at}.step`,
    asked.step,
    subTasks.filter(({ status }) => isStepEnd(status)),
  );
}

/** A TaskRevision is one of a Team. */
function teamProblem({ team }: AskedFork, { metadata, spec }: Task): StatusCause | undefined {
  const own = metadata.namespace ?? '';
  const { name, namespace = own } = spec.teamRef;
  if (team.name === name && (team.namespace ?? own) === namespace) return undefined;
  const why = `a fork runs with the TaskRevision of the other Task, which is one of Team "${namespace}/${name}"`;
  return invalidValue('spec.teamRef.name', team.name, why);
}

/**
 * That the other Task has come to a bad end at the step: only words lead on from there. Whether a Task goes on behind
 * another failure is known with its graph alone: the task controller judges that.
 */
function stepProblem(
  { step, text }: AskedFork,
  { point, parent: { metadata, status } }: { point: ForkPoint; parent: Task },
): StatusCause | undefined {
  if (step === undefined || text !== undefined) return undefined;
  const record = status?.subTasks?.find(({ node }) => node === point.step);
  if (record === undefined || status === undefined || !isBadEnd(record, status)) return undefined;
  const why = `Task "${metadata.name}" does not go on behind step "${step}", which is ${record.status ?? ''}; words (spec.forkFrom.text) do`;
  return invalidValue('spec.forkFrom.step', step, why);
}

type SubTask = NonNullable<TaskStatus['subTasks']>[number];

/**
 * Whether the Task has ended because of this step: its error is that of the step, and of no other one. Messages take a Task
 * up again, whatever the steps before have come to.
 */
function isBadEnd(
  record: SubTask,
  { status, errorMessage = '', subTasks = [], messages = [] }: TaskStatus,
): boolean {
  const isTakenUp = messages.some(({ node }) => node?.startsWith('message-') === true);
  if (isTakenUp || record.status !== status) return false;
  if (status === 'CANCELLED') return true;
  const { errorMessage: why } = record;
  if (status !== 'FAILED' || why === undefined || !errorMessage.endsWith(`: ${why}`)) return false;
  return subTasks.filter((one) => one.status === 'FAILED' && one.errorMessage === why).length === 1;
}

export interface Stamp {
  user: User;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * The spec of the new Task with what the server notes: which Task the name stood for, its TaskRevision, the step, and what
 * people had said by then. The words of the fork are the message after those.
 * @param parent one without a problem
 */
export function stampedFork(
  spec: JsonObject,
  { asked, parent }: { asked: AskedFork; parent: Task },
  stamp: Stamp,
): JsonObject {
  const point = forkPoint(asked, parent);
  if (point === undefined) return spec;
  const said = saidBefore(parent, point.steps);
  const words = asked.text === undefined ? [] : [wordsOf(asked.text, said.length + 1, { point, stamp })];
  const messages = [...said, ...words];
  const { team: _, ...wish } = asked;
  const { uid = '' } = parent.metadata;
  const { revision } = parent.status ?? {};
  return {
    ...spec,
    forkFrom: { ...wish, step: point.step, uid, revision, messages: said.length },
    ...(messages.length === 0 ? {} : { messages }),
  };
}

/** All messages up to the last one that a step has heard which is taken over: their numbers have no gaps. */
function saidBefore({ spec, status }: Task, steps: ReadonlySet<string>): TaskMessage[] {
  const heard = (status?.messages ?? []).filter(({ node }) => node !== undefined && steps.has(node));
  const ids = new Set(heard.map(({ id }) => id));
  const messages = spec.messages ?? [];
  return messages.slice(0, messages.findLastIndex(({ id }) => ids.has(id)) + 1);
}

function wordsOf(
  text: string,
  number: number,
  { point, stamp }: { point: ForkPoint; stamp: Stamp },
): TaskMessage {
  const { name, uid } = stamp.user;
  return {
    id: randomUUID(),
    number,
    text,
    policy: 'Queue',
    node: point.step,
    from: { name, ...(uid === undefined ? {} : { uid }) },
    at: formatTime(stamp.now),
  };
}
