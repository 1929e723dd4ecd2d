import { readNewEvent, sendEvent } from '../../registry/tasks/sent-events.ts';
import { replyObject } from '../answer/reply.ts';
import { readPosted } from '../request/posted-fields.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** Adds an event to a Task, for the step that waits for it; answers the Task. */
export async function handleSendEvent(request: ResourceRequest): Promise<Response> {
  const { registry, clock } = request.options;
  const write = writeOptions(request, 'CreateOptions');
  const body = await readPosted(request, write.fieldValidation, {
    kind: 'SentEvent',
    fields: ['name', 'data', 'id'],
  });
  const { name, uid } = write.user;
  const event = { ...readNewEvent(body), from: { name, ...(uid === undefined ? {} : { uid }) } };
  const { object } = await sendEvent({ registry, clock }, { target: targetOf(request), event, ...write });
  return replyObject(request.c, object.object);
}
