import { targetOf } from '../request/resource-request.ts';
import type { ResourceRequest } from '../request/resource-request.ts';
import { readWritten } from '../request/written-object.ts';
import { done } from '../users/login-routes.ts';

/** Mails an Approval to a User; what is sent is the server's to say. */
export async function handleApprovalMail(request: ResourceRequest): Promise<Response> {
  const { value: body } = await readWritten(request.c, { kind: 'ApprovalMail', protobuf: false });
  await request.options.approvalMails.send(targetOf(request), body);
  return done('sent');
}
