import type { ObjectRef } from '../machinery/resource-type.ts';
import { StatusError } from '../machinery/status-error.ts';
import type {
  TaskEvent,
  TaskEventAppend,
  TaskEventAppended,
  TaskMessage,
} from '../types/tasks/task-event.ts';
import { TASKS } from '../types/resources.ts';
import { queryString, resourcePath } from './resource-path.ts';
import type { Transport } from './transport.ts';

/** The event log and the conversation of a Task: its subresources `log`, `messages`, `answers`, `events` and `webhooks`. */
export interface TaskLogClient {
  /**
   * Idempotent: events known already are left out. Throws StatusError NotFound when the Task is gone,
   * Conflict when `taskUID` is not the uid of the Task that has this name now.
   */
  append(ref: ObjectRef, batch: TaskEventAppend): Promise<TaskEventAppended>;
  /**
   * Events later than `after` in order. With `follow` it goes on until the Task is final. One request: a cut
   * connection throws ServiceUnavailable, and the caller reads on after the last `seq` it has.
   */
  read(ref: ObjectRef, options?: TaskLogReadOptions): AsyncIterable<TaskEvent>;
  messages(ref: ObjectRef): Promise<TaskMessage[]>;
  /**
   * Says something to the agents. Throws StatusError Conflict where the Task is cancelled or deleted at this moment, or
   * where it runs and the policy is Reject; Invalid, AlreadyExists.
   */
  post(ref: ObjectRef, message: NewTaskMessage): Promise<void>;
  /**
   * Sends an event to the step that waits for it, or will. Throws StatusError Conflict where the Task has ended or is being
   * cancelled; Invalid, AlreadyExists.
   */
  send(ref: ObjectRef, event: NewSentEvent): Promise<void>;
  /** The address of a step that waits for a webhook. Throws StatusError Conflict for any other step. */
  address(ref: ObjectRef, request: { node: string; expirationSeconds?: number }): Promise<NodeAddress>;
  /**
   * Lets a step run again, or all that have failed. Throws StatusError Conflict where the Task has not ended, Invalid.
   */
  retry(ref: ObjectRef, retry: { node?: string; id?: string }): Promise<void>;
  /**
   * Answers one of status.questions. Throws StatusError Conflict when it is not open, AlreadyExists when it has another
   * answer, Invalid when the answer does not fit.
   */
  answer(ref: ObjectRef, answer: TaskAnswer): Promise<void>;
}

export interface NodeAddress {
  /** Path and query of a URL, with its token: secret. */
  path: string;
  /** RFC 3339. */
  expiresAt: string;
}

export interface NewSentEvent {
  name: string;
  /** Any JSON. */
  data?: unknown;
  /** Sending another event with the same id changes nothing. */
  id?: string;
}

export interface NewTaskMessage {
  text: string;
  policy?: 'Interrupt' | 'Queue' | 'Reject';
  node?: string;
  member?: string;
  /** A second post with the same id changes nothing. */
  id?: string;
}

export interface TaskAnswer {
  /** Of the question. */
  id: string;
  decision?: 'allow' | 'deny';
  message?: string;
}

export interface TaskLogReadOptions {
  /** Default 0: from the beginning. */
  after?: number;
  follow?: boolean;
  signal?: AbortSignal;
}

export function createTaskLogClient(options: { transport: Transport }): TaskLogClient {
  const { transport } = options;
  const postTo = (subresource: string, ref: ObjectRef, body: object) =>
    transport.send({ method: 'POST', path: resourcePath(TASKS, { ...ref, subresource }), body });
  return {
    async append(ref, batch) {
      const { text } = await postTo('log', ref, batch);
      return parse(text) as TaskEventAppended;
    },
    async *read(ref, read = {}) {
      const query = queryString({ after: read.after, follow: read.follow });
      const path = resourcePath(TASKS, { ...ref, subresource: 'log' }) + query;
      const request = { method: 'GET', path, accept: 'application/x-ndjson', signal: read.signal } as const;
      for await (const line of transport.lines(request)) yield parse(line) as TaskEvent;
    },
    async messages(ref) {
      const path = resourcePath(TASKS, { ...ref, subresource: 'messages' });
      const answer = await transport.send({ method: 'GET', path });
      return (parse(answer.text) as { items: TaskMessage[] }).items;
    },
    async send(ref, event) {
      await postTo('events', ref, event);
    },
    async address(ref, request) {
      const { text } = await postTo('webhooks', ref, request);
      return parse(text) as NodeAddress;
    },
    async post(ref, message) {
      await postTo('messages', ref, message);
    },
    async retry(ref, retry) {
      await postTo('retry', ref, retry);
    },
    async answer(ref, answer) {
      await postTo('answers', ref, answer);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    // A cut in the middle of a line looks like this too; the reader reads on after its last event.
    throw new StatusError('ServiceUnavailable', 'the server sent half a line', { cause: error });
  }
}
