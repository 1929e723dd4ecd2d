import { randomUUID } from 'node:crypto';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { alreadyExists, badRequest, conflict, invalid } from '../../machinery/status-error.ts';
import { forbidden, tooLong, unsupportedValue } from '../../structural-schema/field-error.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Task } from '../../types/generated/task.ts';
import { isAtRest, isFinalTaskStatus } from '../../types/tasks/task.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';
import { givenTexts } from './given-texts.ts';
import { unknownNode } from './unknown-node.ts';
import { membersOfTask } from './task-members.ts';

type TaskMessageSpec = NonNullable<Task['spec']['messages']>[number];

export interface MessageRequest extends WriteOptions {
  target: Target;
  /** `{text, policy?, node?, member?, id?}` */
  body: unknown;
}

const POLICIES = ['Queue', 'Interrupt', 'Reject'] as const;

/** Of one message, and of all of a Task together, in bytes: an object is read whole by all who follow Tasks. */
const MOST_WORDS = 64 * 1024;
const MOST_BYTES = 512 * 1024;

/**
 * Adds the words of a person to a Task, whether it runs or has finished. A second post with the id of the first changes
 * nothing. A Task that was cancelled is wanted again from then on.
 * @throws StatusError BadRequest; Invalid for a node or a member that the Task has not, or more than a Task may keep; AlreadyExists
 * for an id that stands for other words; Conflict for a Task that is deleted or cancelled at this moment, for the
 * policy Reject while something runs, and when too many write at once; NotFound
 */
export async function postMessage(
  { registry, clock }: { registry: Pick<Registry, 'catalog' | 'get' | 'update'>; clock: Clock },
  { target, body, ...options }: MessageRequest,
): Promise<WriteResult> {
  const { id = randomUUID(), ...asked } = readMessage(body);
  return await retryOnConflict(async () => {
    const found = await registry.get({ target, user: options.user });
    const task = found.object as Unstructured & Task;
    const messages = task.spec.messages ?? [];
    const posted = messages.find((one) => one.id === id);
    if (posted !== undefined) {
      if (isSame(posted, asked)) return { object: found, warnings: [] };
      throw alreadyExists({ group: '', plural: 'messages' }, id);
    }
    checkOpen(task, asked, target);
    const { name, uid } = options.user;
    const message: TaskMessageSpec = {
      id,
      number: messages.length + 1,
      ...asked,
      from: { name, ...(uid === undefined ? {} : { uid }) },
      at: formatTime(clock.now()),
    };
    const causes = [
      ...problemsOf(task, [...messages, message]),
      ...(await memberProblems(registry, { task, user: options.user }, asked.member)),
    ];
    if (causes.length > 0)
      throw invalid({ group: 'agent.wecode.io', kind: 'TaskMessage' }, target.name, causes);
    const spec = { ...task.spec, messages: [...messages, message], cancel: false };
    return await registry.update({
      ...options,
      target,
      subresource: 'messages',
      body: { ...task, spec },
    });
  });
}

interface AskedMessage {
  id?: string;
  text: string;
  policy: (typeof POLICIES)[number];
  node?: string;
  member?: string;
}

function readMessage(body: unknown): AskedMessage {
  const { id, text, policy = 'Queue', node, member } = fieldsOf(body);
  if (typeof text !== 'string' || text.trim() === '')
    throw badRequest('text must be the words of the message');
  const known = POLICIES.find((one) => one === policy);
  if (known === undefined) throw badRequest(`policy must be one of ${POLICIES.join(', ')}`);
  const names = givenTexts({ id, node, member });
  if (node !== undefined && member !== undefined) throw badRequest('name a node or a member, not both');
  return { text, policy: known, ...names };
}

const isSame = (posted: TaskMessageSpec, asked: Omit<AskedMessage, 'id'>): boolean =>
  posted.text === asked.text &&
  posted.policy === asked.policy &&
  posted.node === asked.node &&
  posted.member === asked.member;

/** @throws StatusError Conflict where nobody would ever read the words, or the policy does not want them read now */
function checkOpen(task: Task, { policy }: AskedMessage, { resource, name }: Target): void {
  const { status } = task.status ?? {};
  const refuse = (why: string): never => {
    throw conflict(resource, name, why);
  };
  if (task.metadata.deletionTimestamp !== undefined) refuse('the Task is being deleted');
  if (task.spec.cancel === true && !isFinalTaskStatus(status)) refuse('the Task is being cancelled');
  if (policy === 'Reject' && !isAtRest(task)) refuse(`the Task has not finished: ${status ?? 'PENDING'}`);
}

/** Where nobody knows the members yet, the message is judged when the Task is planned. */
async function memberProblems(
  registry: Pick<Registry, 'catalog' | 'get'>,
  at: { task: Task; user: User },
  member: string | undefined,
): Promise<StatusCause[]> {
  const members = await membersOfTask(registry, at);
  if (members?.length === 0) return [forbidden('text', 'no agent works for this Task that could get words')];
  if (member === undefined) return [];
  return members?.includes(member) === false ? [unsupportedValue('member', member, members)] : [];
}

function problemsOf(task: Task, messages: readonly TaskMessageSpec[]): StatusCause[] {
  const { node, text: words = '' } = messages.at(-1) ?? {};
  const records = task.status?.subTasks ?? [];
  const size = messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  return [
    ...(node === undefined || records.some((record) => record.node === node)
      ? []
      : [unknownNode('node', node, records)]),
    ...sizeProblems(Buffer.byteLength(words), size),
  ];
}

/** The words are not repeated. */
function sizeProblems(own: number, all: number): StatusCause[] {
  if (own > MOST_WORDS) return [tooLong('text', MOST_WORDS)];
  if (all <= MOST_BYTES) return [];
  return [forbidden('text', `the messages of a Task have at most ${MOST_BYTES} bytes together`)];
}
