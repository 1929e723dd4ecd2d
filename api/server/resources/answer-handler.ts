import { answerTask } from '../../registry/tasks/answers.ts';
import { replyObject } from '../answer/reply.ts';
import { readPosted } from '../request/posted-fields.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';

/** Adds the answer of a person to what an agent of the Task has asked; answers the Task. */
export async function handleAnswer(request: ResourceRequest): Promise<Response> {
  const write = writeOptions(request, 'CreateOptions');
  const body = await readPosted(request, write.fieldValidation, {
    kind: 'TaskAnswer',
    fields: ['id', 'decision', 'message'],
  });
  const result = await answerTask(request.options.registry, { target: targetOf(request), body, ...write });
  return replyObject(request.c, result.object.object);
}
