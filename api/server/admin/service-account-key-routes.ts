import type { Hono } from 'hono';
import { formatTime } from '../../machinery/clock.ts';
import { badRequest } from '../../machinery/status-error.ts';
import { replyJson } from '../answer/reply.ts';
import type { ServerTypes } from '../server-environment.ts';

/** The keys of ServiceAccounts' tokens, as those who own the service see them. */
export interface ServiceAccountKeys {
  /** Oldest first; times in milliseconds since the epoch. */
  all(): readonly { kid: string; created: number; signsFrom: number }[];
  signer(): { kid: string };
  /** A new key signs from now on. `revoke`: all tokens of older ones end. @returns its name */
  rotate(options: { revoke: boolean }): Promise<string>;
}

const PATH = '/admin/service-account-keys';

/** `GET /admin/service-account-keys`, `POST /admin/service-account-keys/rotate[?revoke=true]`. */
export function mountServiceAccountKeys(app: Hono<ServerTypes>, keys: ServiceAccountKeys): void {
  app.get(PATH, () => replyJson({ keys: shown(keys) }));
  app.post(`${PATH}/rotate`, async (c) => {
    const revoke = c.req.query('revoke') ?? 'false';
    if (revoke !== 'true' && revoke !== 'false') {
      throw badRequest('query parameter revoke must be "true" or "false"');
    }
    return replyJson({ key: await keys.rotate({ revoke: revoke === 'true' }) });
  });
}

/** None of it is secret. */
function shown(keys: ServiceAccountKeys): object[] {
  const { kid: signing } = keys.signer();
  return keys.all().map(({ kid, created, signsFrom }) => ({
    id: kid,
    created: formatTime(created),
    signsFrom: formatTime(signsFrom),
    signs: kid === signing,
  }));
}
