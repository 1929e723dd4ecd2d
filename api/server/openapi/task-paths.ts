import { TASK_EVENT_TYPES } from '../../types/tasks/task-event.ts';
import type { Resource } from '../../registry/resource.ts';
import { contentOf, jsonContent, jsonPost, operation } from './operation.ts';
import type { PathItem } from './operation.ts';
import { LOG } from './parameters.ts';
import { int64, listOf, text } from './schema.ts';
import type { OpenApiSchema } from './schema.ts';

const TIME: OpenApiSchema = { description: 'RFC 3339.', type: 'string', format: 'date-time' };

const MESSAGE: OpenApiSchema = {
  description: 'One turn of the conversation a Task is.',
  type: 'object',
  required: ['role', 'content', 'time'],
  properties: {
    role: { type: 'string', enum: ['USER', 'ASSISTANT'] },
    content: text('What was said.'),
    time: TIME,
  },
};

const STORED_MESSAGE: OpenApiSchema = {
  ...MESSAGE,
  properties: {
    id: int64('From 1 without gaps.'),
    source: text('The Sandbox it came from.'),
    ...MESSAGE.properties,
  },
};

const EVENT: OpenApiSchema = {
  description: 'Something that happened in a step of a Task.',
  type: 'object',
  required: ['sourceSeq', 'time', 'type', 'data'],
  properties: {
    sourceSeq: { ...int64('Number given by the source, from 1 without gaps.'), minimum: 1 },
    time: TIME,
    type: { type: 'string', enum: [...TASK_EVENT_TYPES] },
    data: { description: 'By the type.', type: 'object' },
  },
};

const APPEND: OpenApiSchema = {
  type: 'object',
  required: ['source', 'taskUID', 'events'],
  properties: {
    source: { ...text('Name of the Sandbox.'), minLength: 1, maxLength: 253 },
    taskUID: { ...text('The uid of the Task that is meant.'), minLength: 1, maxLength: 64 },
    events: listOf(EVENT, 'The next events of the source; none asks how far the log knows it.'),
    messages: listOf(MESSAGE, 'The next messages of the conversation.'),
  },
};

const APPENDED: OpenApiSchema = {
  type: 'object',
  required: ['lastSeq', 'lastSourceSeq', 'lastSourceEventSeq'],
  properties: {
    lastSeq: int64('The last number of the log.'),
    lastSourceSeq: int64('The last number known of this source.'),
    lastSourceEventSeq: int64("The log's number of the last event of this source, 0 when it has none."),
  },
};

export const ANSWER: OpenApiSchema = {
  description: 'The answer of a person to one of status.questions.',
  type: 'object',
  required: ['id'],
  properties: {
    id: { ...text('Id of the question.'), minLength: 1, maxLength: 64 },
    decision: { ...text('Of a Permission.'), enum: ['allow', 'deny'] },
    message: { ...text('The answer to a Question, or why a Permission is denied.'), maxLength: 65_536 },
  },
};

/** The answer to a GET of `messages`. */
export const CONVERSATION: OpenApiSchema = {
  description: 'The conversation that a Task is.',
  type: 'object',
  required: ['items'],
  properties: { items: listOf(STORED_MESSAGE, 'The messages, the first one first.') },
};

/** The body of a POST to `messages`. */
export const NEW_MESSAGE: OpenApiSchema = {
  description: 'The words of a person to the agents of a Task.',
  type: 'object',
  required: ['text'],
  properties: {
    text: { ...text('The words.'), minLength: 1, maxLength: 65_536 },
    policy: {
      ...text('Queue (when absent), Interrupt, or Reject: only while nothing runs.'),
      enum: ['Queue', 'Interrupt', 'Reject'],
    },
    node: text('Id of the node whose agent is meant.'),
    member: text('Name of the member that is meant.'),
    id: { ...text('A second post with the same id changes nothing.'), minLength: 1, maxLength: 64 },
  },
};

/** The body of a POST to `webhooks`. */
export const ADDRESS_REQUEST: OpenApiSchema = {
  description: 'The step whose address is asked for.',
  type: 'object',
  required: ['node'],
  properties: {
    node: text('Id of the node, as in status.subTasks.'),
    expirationSeconds: {
      ...int64('How long the address is good; a week when absent.'),
      minimum: 60,
      maximum: 2_678_400,
    },
  },
};

/** The answer to it. */
export const ADDRESS: OpenApiSchema = {
  description: 'The address of a step. Whoever knows it can end the step, once.',
  type: 'object',
  required: ['path', 'expiresAt'],
  properties: {
    path: text('Path and query of the URL, with its token.'),
    expiresAt: text('When it ceases to be good.'),
  },
};

/** The body of a POST to `events`. */
export const NEW_EVENT: OpenApiSchema = {
  description: 'An event for the step of a Task that waits for it, or will do so.',
  type: 'object',
  required: ['name'],
  properties: {
    name: { ...text('Name of the event.'), minLength: 1, maxLength: 128 },
    data: { description: 'Any value; the output of the step.' },
    id: { ...text('Sending another event with the same id changes nothing.'), minLength: 1, maxLength: 64 },
  },
};

/** The answer to whatever changes a Task. */
const TASK: OpenApiSchema = { description: 'The Task.', type: 'object' };

export function logItem(resource: Resource): PathItem {
  const get = operation(resource, 'NamespacedTaskLog', {
    verb: 'read',
    action: 'get',
    description: 'read log of the specified Task',
    parameters: LOG,
    answers: { '200': contentOf(['application/x-ndjson', 'text/plain'], { type: 'string' }) },
  });
  const post = jsonPost(resource, 'NamespacedTaskLog', {
    description: 'append to log of the specified Task',
    body: APPEND,
    answer: APPENDED,
  });
  return { get, post };
}

export function messagesItem(resource: Resource): PathItem {
  const get = operation(resource, 'NamespacedTaskMessages', {
    verb: 'read',
    action: 'get',
    description: 'read messages of the specified Task',
    answers: {
      '200': jsonContent(CONVERSATION),
    },
  });
  const post = jsonPost(resource, 'NamespacedTaskMessages', {
    description: 'post a message to the specified Task',
    body: NEW_MESSAGE,
    answer: TASK,
  });
  return { get, post };
}

export function eventsItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedTaskEvents', {
    description: 'send an event to the specified Task',
    body: NEW_EVENT,
    answer: TASK,
  });
  return { post };
}

export function webhooksItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedTaskWebhooks', {
    description: 'hand out the address of a step of the specified Task that waits for a webhook',
    body: ADDRESS_REQUEST,
    answer: ADDRESS,
  });
  return { post };
}

export function answersItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedTaskAnswers', {
    description: 'answer a question of the specified Task',
    body: ANSWER,
    answer: TASK,
  });
  return { post };
}

/** The body of a POST to `retry`, where it has one. */
export const RETRY: OpenApiSchema = {
  description: 'A step of a Task that is to run again.',
  type: 'object',
  properties: {
    node: text('Id of the node; absent: all that have failed or were cancelled.'),
    id: { ...text('A second request with the same id changes nothing.'), minLength: 1, maxLength: 64 },
  },
};

export function retryItem(resource: Resource): PathItem {
  const post = jsonPost(resource, 'NamespacedTaskRetry', {
    description: 'run a step of the specified Task again',
    body: RETRY,
    answer: TASK,
  });
  return { post };
}
