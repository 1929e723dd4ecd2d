import { postMessage } from '../../registry/tasks/messages.ts';
import { replyObject } from '../answer/reply.ts';
import { readPosted } from '../request/posted-fields.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** The conversation that a Task is. */
export async function handleMessages(request: ResourceRequest): Promise<Response> {
  return replyObject(request.c, { items: await request.options.taskLogs.messages(targetOf(request)) });
}

/** Adds the words of a person to a Task, and to its log; answers the Task. */
export async function handlePostMessage(request: ResourceRequest): Promise<Response> {
  const { registry, clock, taskLogs } = request.options;
  const write = writeOptions(request, 'CreateOptions');
  const body = await readPosted(request, write.fieldValidation, {
    kind: 'TaskMessage',
    fields: ['text', 'policy', 'node', 'member', 'id'],
  });
  const target = targetOf(request);
  const { object } = await postMessage({ registry, clock }, { target, body, ...write });
  if (!write.dryRun) await taskLogs.tellMessages(target, object.object);
  return replyObject(request.c, object.object);
}
