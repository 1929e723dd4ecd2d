import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { badRequest, conflict, ignoreNotFound, StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Task } from '../../types/generated/task.ts';
import { TASKS } from '../../types/resources.ts';
import { isFinalTaskStatus } from '../../types/tasks/task.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import { createAddressTokens } from './address-tokens.ts';
import { sendEvent } from './sent-events.ts';

/** Addresses of nodes that wait for a webhook. They are shown to who asks for one, and kept nowhere. */
export interface TaskWebhooks {
  /**
   * The address of a node of the Task, for `{node, expirationSeconds?}`.
   * @throws StatusError BadRequest; Conflict for a node that the Task has not, or that has ended; NotFound
   */
  address(target: Target, body: unknown, user: User): Promise<NodeAddress>;
  /**
   * Who is called, judged by the token before anything else of the request is looked at.
   * @throws StatusError NotFound, whatever is wrong: a stranger learns nothing about Tasks
   */
  judge(call: AddressedCall, user: User): Promise<JudgedCall>;
  /**
   * Gives the data to the node. The same data a second time change nothing: senders repeat a call whose answer was lost.
   * @throws StatusError Conflict for a node that was called before, or a Task that has ended; Invalid for too much data
   */
  deliver(call: JudgedCall, data: unknown, user: User): Promise<void>;
}

export interface NodeAddress {
  /** With its token: path and query of a URL. */
  path: string;
  /** RFC 3339. */
  expiresAt: string;
}

/** The parts of an address. */
export interface AddressedCall {
  namespace: string;
  task: string;
  node: string;
  token: string;
}

export interface JudgedCall {
  target: Target;
  node: string;
}

export interface TaskWebhookOptions {
  registry: Pick<Registry, 'catalog' | 'get' | 'update'>;
  /** As for createAddressTokens. */
  secret: Uint8Array;
  clock: Clock;
}

export const WEBHOOK_PATH = '/webhooks/tasks/';

const WEEK_SECONDS = 7 * 24 * 60 * 60;
const MOST_SECONDS = 31 * 24 * 60 * 60;
const LEAST_SECONDS = 60;
/** Of the events that come by an address; the node tells them apart. */
const EVENT_NAME = 'webhook';

export function createTaskWebhooks({ registry, secret, clock }: TaskWebhookOptions): TaskWebhooks {
  const tokens = createAddressTokens(secret);
  return {
    async address(target, body, user) {
      const { node, seconds } = readRequest(body);
      const task = (await registry.get({ target, user })).object as Unstructured & Task;
      checkWaits(task, node, target);
      const expiresAt = Math.floor(clock.now() / 1000) + seconds;
      const token = tokens.tokenFor({ uid: task.metadata.uid ?? '', node }, expiresAt);
      const place = [target.namespace, target.name, node].map(encodeURIComponent).join('/');
      return { path: `${WEBHOOK_PATH}${place}?token=${token}`, expiresAt: formatTime(expiresAt * 1000) };
    },
    async judge({ namespace, task: name, node, token }, user) {
      const resource = registry.catalog.find(TASKS);
      if (resource === undefined) throw unknown();
      const target = { resource, namespace, name };
      const task = await ignoreNotFound(registry.get({ target, user }));
      const uid = task?.object.metadata.uid;
      if (uid === undefined || !tokens.isGood(token, { uid, node }, clock.now())) throw unknown();
      return { target, node };
    },
    async deliver({ target, node }, data, user) {
      const task = (await registry.get({ target, user })).object as Unstructured & Task;
      const event = {
        ...{ id: `${EVENT_NAME}-${node}-${callNumber(task, node)}`, name: EVENT_NAME, node },
        ...(data === undefined ? {} : { data }),
      };
      const write = { user, dryRun: false, fieldValidation: 'Strict', fieldManager: EVENT_NAME } as const;
      await sendEvent({ registry, clock }, { target, event, ...write });
    },
  };
}

/**
 * One for each time that the node runs: calls of one number are one call. While a call is not taken, and after the node has
 * ended by it, the next one is the same.
 */
function callNumber({ spec, status }: Task, node: string): number {
  const record = status?.subTasks?.find((one) => one.node === node);
  const taken = Array.isArray(record?.['events']) ? (record['events'] as unknown[]).length : 0;
  const calls = (spec.events ?? []).filter((event) => event.node === node).length;
  return isOpen(record?.status) ? taken + 1 : Math.max(calls, 1);
}

const isOpen = (status: string | undefined): boolean => status === 'PENDING' || status === 'RUNNING';

const unknown = (): StatusError => new StatusError('NotFound', 'there is no such address, or not any longer');

function readRequest(body: unknown): { node: string; seconds: number } {
  const { node, expirationSeconds: seconds = WEEK_SECONDS } = fieldsOf(body);
  if (typeof node !== 'string' || node === '')
    throw badRequest('node must be the id of one of status.subTasks');
  const isGood =
    typeof seconds === 'number' &&
    Number.isInteger(seconds) &&
    seconds >= LEAST_SECONDS &&
    seconds <= MOST_SECONDS;
  if (isGood) return { node, seconds };
  throw badRequest(`expirationSeconds must be a whole number from ${LEAST_SECONDS} to ${MOST_SECONDS}`);
}

/** An address of a node that does not wait would be called in vain. */
function checkWaits({ status }: Task, node: string, { resource, name }: Target): void {
  const record = status?.subTasks?.find((one) => one.node === node);
  if (isFinalTaskStatus(status?.status)) throw conflict(resource, name, 'the Task has ended');
  if (record === undefined) throw conflict(resource, name, `the Task has no step ${node} as yet`);
  if (!isOpen(record.status) || record.waitsFor !== 'webhook')
    throw conflict(resource, name, `step ${node} does not wait for a webhook`);
}
