import type { Hono } from 'hono';
import { badRequest } from '../../machinery/status-error.ts';
import type { EncryptionKeys } from '../../registry/encryption-keys.ts';
import { refusal } from '../access/authorization.ts';
import { replyJson } from '../answer/reply.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

/** Who may have them read everything there is. */
const OWNERS = 'system:masters';

/** `GET /admin/encryption`, `POST /admin/encryption/rotate[?root=true]`. */
export function mountEncryption(app: Hono<ServerTypes>, keys: EncryptionKeys): void {
  app.get('/admin/encryption', async (c) => {
    requireOwner(c);
    return replyJson(await keys.status());
  });
  app.post('/admin/encryption/rotate', async (c) => {
    requireOwner(c);
    const root = c.req.query('root') ?? 'false';
    if (root !== 'true' && root !== 'false') throw badRequest('root is true or false');
    return replyJson(await keys.rotate({ newRoot: root === 'true' }));
  });
}

function requireOwner(c: RequestContext): void {
  const { user, attributes } = c.var;
  if (!user.groups.includes(OWNERS)) throw refusal(user, attributes);
}
