import { randomUUID } from 'node:crypto';
import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { jsonDepth } from '../../machinery/json/json-depth.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { alreadyExists, badRequest, conflict, invalid } from '../../machinery/status-error.ts';
import type { StatusCause } from '../../machinery/status-error.ts';
import { forbidden, tooLong } from '../../structural-schema/field-error.ts';
import type { Task } from '../../types/generated/task.ts';
import { isFinalTaskStatus } from '../../types/tasks/task.ts';
import type { Registry } from '../registry.ts';
import type { WriteOptions, WriteResult } from '../requests.ts';
import type { Target } from '../resource.ts';
import { retryOnConflict } from '../write/retry-on-conflict.ts';

type SentEvent = NonNullable<Task['spec']['events']>[number];

/** The event as it is sent, and its sender. */
export type NewEvent = Pick<SentEvent, 'data' | 'from' | 'id' | 'name' | 'node'>;

export interface EventRequest extends WriteOptions {
  target: Target;
  event: NewEvent;
}

interface Context {
  registry: Pick<Registry, 'get' | 'update'>;
  clock: Clock;
}

/** Of the data of one event, and of all events of a Task together, as JSON: an object is read whole by all who follow Tasks. */
const MOST_DATA_BYTES = 64 * 1024;
const MOST_BYTES = 256 * 1024;
/** It becomes a part of a status, which is deeper. */
const MOST_LEVELS = 100;

/**
 * Adds an event to a Task, for the step that waits for it or will do so. The same event a second time changes nothing.
 * @throws StatusError Conflict for a Task that has ended, is being cancelled or deleted, and when too many write at once;
 * AlreadyExists for an id that stands for another event; Invalid for more than a Task may keep; NotFound
 */
export async function sendEvent(
  { registry, clock }: Context,
  { target, event, ...options }: EventRequest,
): Promise<WriteResult> {
  return await retryOnConflict(async () => {
    const found = await registry.get({ target, user: options.user });
    const task = found.object as Unstructured & Task;
    const events = task.spec.events ?? [];
    const sent = events.find(({ id }) => id === event.id);
    if (sent !== undefined) {
      if (isSame(sent, event)) return { object: found, warnings: [] };
      throw alreadyExists({ group: '', plural: 'events' }, event.id);
    }
    checkOpen(task, target);
    const next = { ...event, number: events.length + 1, at: formatTime(clock.now()) };
    checkData([...events, next], target);
    const spec = { ...task.spec, events: [...events, next] };
    return await registry.update({ ...options, target, subresource: 'events', body: { ...task, spec } });
  });
}

/** Reads `{name, data?, id?}`. @throws StatusError BadRequest */
export function readNewEvent(body: unknown): NewEvent {
  const { id = randomUUID(), name, data } = fieldsOf(body);
  if (typeof name !== 'string' || name === '') throw badRequest('name must be the name of the event');
  if (typeof id !== 'string' || id === '') throw badRequest('id must be a text');
  return { id, name, ...(data === undefined ? {} : { data }) };
}

const isSame = (sent: SentEvent, { name, node, data }: NewEvent): boolean =>
  sent.name === name && sent.node === node && JSON.stringify(sent.data) === JSON.stringify(data);

/** Nothing would ever come of it. */
function checkOpen({ metadata, spec, status }: Task, { resource, name }: Target): void {
  if (metadata.deletionTimestamp !== undefined) throw conflict(resource, name, 'the Task is being deleted');
  if (isFinalTaskStatus(status?.status)) throw conflict(resource, name, 'the Task has ended');
  if (spec.cancel === true) throw conflict(resource, name, 'the Task is being cancelled');
}

function checkData(events: readonly SentEvent[], { name }: Target): void {
  const texts = events.map(({ data }) => (data === undefined ? '' : JSON.stringify(data)));
  const sizes = texts.map((text) => Buffer.byteLength(text));
  const refuse = (cause: StatusCause): never => {
    throw invalid({ group: 'agent.wecode.io', kind: 'SentEvent' }, name, [cause]);
  };
  if (jsonDepth(texts.at(-1) ?? '') > MOST_LEVELS)
    refuse(forbidden('data', `an event has at most ${MOST_LEVELS} levels`));
  if ((sizes.at(-1) ?? 0) > MOST_DATA_BYTES) refuse(tooLong('data', MOST_DATA_BYTES));
  if (sizes.reduce((sum, size) => sum + size, 0) > MOST_BYTES) {
    refuse(forbidden('data', `the events of a Task have at most ${MOST_BYTES} bytes together`));
  }
}
