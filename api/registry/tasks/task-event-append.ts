import { badRequest, StatusError } from '../../machinery/status-error.ts';
import { TASK_EVENT_TYPES } from '../../types/tasks/task-event.ts';
import type {
  TaskEventAppend,
  TaskEventInput,
  TaskEventType,
  TaskMessageInput,
} from '../../types/tasks/task-event.ts';

const TYPES: ReadonlySet<string> = new Set(TASK_EVENT_TYPES);

/** `source` is the name of a Sandbox; both drivers keep it in a column of 255 bytes. */
const MAX_SOURCE_BYTES = 253;

/** Longer than any UID; a limit of the column it is kept in. */
const MAX_UID_BYTES = 64;

/**
 * Of an event's data as JSON. Above what runners send: 256 KiB of a diff, of which JSON may write each byte as six, and
 * what stands beside it.
 */
const MAX_DATA_BYTES = 2 * 1024 * 1024;

/** RFC 3339 section 5.6 has no limit for the digits of a second; nine are nanoseconds. */
const TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:\d{2})$/;

/**
 * The body of a POST to a Task's log.
 * @throws StatusError BadRequest naming the field that is wrong; RequestEntityTooLarge for an event that is too large
 */
export function parseTaskEventAppend(body: unknown): TaskEventAppend {
  const { source, taskUID, events, messages } = objectAt(body, 'body');
  if (!Array.isArray(events)) throw wrong('events', 'a list');
  if (messages !== undefined && !Array.isArray(messages)) throw wrong('messages', 'a list');
  return {
    source: textAt(source, 'source', MAX_SOURCE_BYTES),
    taskUID: textAt(taskUID, 'taskUID', MAX_UID_BYTES),
    events: events.map((event, index) => parseEvent(event, `events[${index}]`)),
    ...(messages === undefined
      ? {}
      : { messages: messages.map((message, index) => parseMessage(message, `messages[${index}]`)) }),
  };
}

function wrong(field: string, expected: string): Error {
  return badRequest(`${field}: Invalid value: must be ${expected}`);
}

function objectAt(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(field, 'an object');
  return value as Record<string, unknown>;
}

function textAt(value: unknown, field: string, maxBytes: number): string {
  if (typeof value !== 'string' || value === '') throw wrong(field, 'a text that is not empty');
  if (Buffer.byteLength(value) > maxBytes) throw wrong(field, `no more than ${maxBytes} bytes`);
  return value;
}

function timeAt(value: unknown, field: string): string {
  if (typeof value !== 'string' || !TIME.test(value) || Number.isNaN(Date.parse(value)))
    throw wrong(field, 'an RFC 3339 time');
  return value;
}

function parseEvent(value: unknown, at: string): TaskEventInput {
  const { sourceSeq, time, type, data } = objectAt(value, at);
  if (typeof sourceSeq !== 'number' || !Number.isSafeInteger(sourceSeq) || sourceSeq < 1) {
    throw wrong(`${at}.sourceSeq`, 'a whole number from 1');
  }
  if (typeof type !== 'string' || !TYPES.has(type))
    throw wrong(`${at}.type`, `one of ${[...TYPES].join(', ')}`);
  return {
    sourceSeq,
    time: timeAt(time, `${at}.time`),
    type: type as TaskEventType,
    data: dataAt(data, `${at}.data`),
  };
}

/** So large that a page of many stays small. */
function dataAt(value: unknown, field: string): Record<string, unknown> {
  const data = objectAt(value, field);
  const size = Buffer.byteLength(JSON.stringify(data));
  if (size <= MAX_DATA_BYTES) return data;
  const message = `${field}: has ${size} bytes as JSON, and may have ${MAX_DATA_BYTES}`;
  throw new StatusError('RequestEntityTooLarge', message);
}

function parseMessage(value: unknown, at: string): TaskMessageInput {
  const { role, content, time } = objectAt(value, at);
  if (role !== 'USER' && role !== 'ASSISTANT') throw wrong(`${at}.role`, 'USER or ASSISTANT');
  if (typeof content !== 'string') throw wrong(`${at}.content`, 'a text');
  return { role, content, time: timeAt(time, `${at}.time`) };
}
