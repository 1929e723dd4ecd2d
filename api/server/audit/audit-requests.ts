import type { Hono } from 'hono';
import type { AuditedRequest } from '../../audit/audited-request.ts';
import type { Auditor } from '../../audit/auditor.ts';
import type { Clock } from '../../machinery/clock.ts';
import { isStatusError, toStatusError } from '../../machinery/status-error.ts';
import { requestAttributes } from '../access/request-attributes.ts';
import { addressOf } from '../limits/client-address.ts';
import type { ClientAddresses } from '../limits/client-address.ts';
import { placeOf } from '../rest/rest-path.ts';
import { upgradeOf } from '../streams/upgraded-requests.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

export interface AuditRequestsOptions {
  /** Absent: nothing is written down. */
  auditor: Auditor | undefined;
  addresses: ClientAddresses;
  clock: Clock;
}

/** Every request from here on is written down as the policy has it, those that are refused as well. */
export function mountAudit(
  app: Hono<ServerTypes>,
  { auditor, addresses, clock }: AuditRequestsOptions,
): void {
  if (auditor === undefined) return;
  app.use('*', async (c, next) => {
    const audited = auditor.receive(receivedRequest(c, addresses, clock.now()));
    c.set('audited', audited);
    await next();
    if (audited.begun) await audited.complete(codeOf(c), failureOf(c));
    else await refused(c, audited);
  });
}

function receivedRequest(c: RequestContext, addresses: ClientAddresses, receivedAt: number) {
  const { incoming, outgoing } = c.env;
  const { headers, url = '' } = incoming;
  return {
    auditID: String(outgoing.getHeader('audit-id')),
    uri: url,
    userAgent: headers['user-agent'],
    sourceIPs: [addressOf(addresses, c)],
    receivedAt,
    hasCredentials: headers.authorization !== undefined,
  };
}

/** A request that was ended before its user was known: that is told where the credentials were the reason. */
async function refused(c: RequestContext, audited: AuditedRequest): Promise<void> {
  if (c.res.status !== 401) return;
  const { method, path } = c.req;
  const head = { method, path, query: (name: string) => c.req.query(name) };
  await audited.refused(requestAttributes(head, placeOf(path)));
}

/** The status of an answer that goes on for as long as its reader likes, once it has begun. */
export function streamCode(c: RequestContext): number {
  return upgradeOf(c.env.incoming) === undefined ? 200 : 101;
}

/** An answer that was begun by hand has its status already; that of a connection that was taken over is the handler's. */
function codeOf(c: RequestContext): number {
  if (c.error === undefined && upgradeOf(c.env.incoming) !== undefined) return streamCode(c);
  return c.env.outgoing.headersSent ? c.env.outgoing.statusCode : c.res.status;
}

function failureOf(c: RequestContext) {
  if (c.error === undefined) return undefined;
  return { error: toStatusError(c.error), unexpected: !isStatusError(c.error) };
}
