import { fieldsOf } from '../../machinery/json/json.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { replyObject } from '../answer/reply.ts';
import { parseJson, readBody } from '../request/body.ts';
import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { writeOptions } from '../request/write-options.ts';
import type { ApprovalAction } from './rest-path.ts';

/** Decides an Approval: `{reason?, message?}`, or no body at all. Answers the Approval. */
export async function decideApproval(request: ResourceRequest, action: ApprovalAction): Promise<Response> {
  const { c, options } = request;
  const write = writeOptions(request, 'PatchOptions');
  const text = await readBody(c.env.incoming);
  const { reason, message } = fieldsOf(text === '' ? {} : parseJson(text, 'decision'));
  const status = {
    decision: action === 'approve' ? 'Approved' : 'Rejected',
    ...wordsOf('reason', reason),
    ...wordsOf('message', message),
  };
  c.var.audited?.requestObject({ status });
  const patch = {
    target: targetOf(request),
    subresource: 'status',
    type: 'merge',
    body: { status },
  } as const;
  const { object } = await options.registry.patch({ ...patch, ...write });
  return replyObject(c, object.object);
}

function wordsOf(name: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'string') throw badRequest(`${name} must be a text`);
  return { [name]: value };
}
