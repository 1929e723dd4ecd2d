import { createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isDigestOf, secretDigest } from '#api/machinery/secret-hash';

/** A call that a hosting service makes when something was pushed. */
export interface SignedCall {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/**
 * Whether a call is by somebody who knows the token: GitHub signs the body (X-Hub-Signature-256, which Gitea and Forgejo
 * send too), Gitea and Forgejo also in a header of their own (X-Gitea-Signature, X-Forgejo-Signature), GitLab sends the
 * token (X-Gitlab-Token). Compared in constant time.
 * https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function isSigned({ headers, body }: SignedCall, token: string): boolean {
  if (token === '') return false;
  const digest = createHmac('sha256', token).update(body).digest('hex');
  const candidates: [header: string, expected: string][] = [
    ['x-hub-signature-256', `sha256=${digest}`],
    ['x-gitea-signature', digest],
    ['x-forgejo-signature', digest],
    ['x-gitlab-token', token],
  ];
  return candidates.some(([header, expected]) => {
    const given = headers[header];
    return typeof given === 'string' && isDigestOf(secretDigest(expected), given);
  });
}
