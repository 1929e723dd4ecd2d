import type { Hono } from 'hono';
import { badRequest } from '../../machinery/status-error.ts';
import type { EncryptionKeys } from '../../registry/encryption-keys.ts';
import { replyJson } from '../answer/reply.ts';
import type { ServerTypes } from '../server-environment.ts';

/** `GET /admin/encryption`, `POST /admin/encryption/rotate[?root=true]`. */
export function mountEncryption(app: Hono<ServerTypes>, keys: EncryptionKeys): void {
  app.get('/admin/encryption', async () => replyJson(await keys.status()));
  app.post('/admin/encryption/rotate', async (c) => {
    const root = c.req.query('root') ?? 'false';
    if (root !== 'true' && root !== 'false')
      throw badRequest('query parameter root must be "true" or "false"');
    return replyJson(await keys.rotate({ newRoot: root === 'true' }));
  });
}
