import { readObject } from '../request/body.ts';
import { streamLog } from './log-stream.ts';
import { isTrue } from '../request/query.ts';
import { replyJson } from '../answer/reply.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';

/** Appends a batch of the events of a Task. */
export async function handleAppendLog(request: ResourceRequest): Promise<Response> {
  const { value } = await readObject(request.c.env.incoming, { kind: 'TaskEventAppend', protobuf: false });
  return replyJson(await request.options.taskLogs.append(targetOf(request), value));
}

export async function handleMessages(request: ResourceRequest): Promise<Response> {
  return replyJson({ items: await request.options.taskLogs.messages(targetOf(request)) });
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
