import { streamLog } from './log-stream.ts';
import { isTrue } from '../request/query.ts';
import { replyObject } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { readWritten } from '../request/written-object.ts';

/** Appends a batch of the events of a Task. */
export async function handleAppendLog(request: ResourceRequest): Promise<Response> {
  const { value } = await readWritten(request.c, { kind: 'TaskEventAppend', protobuf: false });
  return replyObject(request.c, await request.options.taskLogs.append(targetOf(request), value));
}

/** The log of a Task, to its end with `?follow=true`. */
export async function handleReadLog(request: ResourceRequest): Promise<Response> {
  const { c, options } = request;
  const follow = isTrue(c.req.query('follow'));
  return streamLog(c, options, async () => {
    const read = await options.taskLogs.reader(targetOf(request));
    return (query) => read({ ...query, follow });
  });
}
