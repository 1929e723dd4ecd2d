import type { Hono } from 'hono';
import { badRequest } from '../../machinery/status-error.ts';
import { refusal } from '../access/authorization.ts';
import { replyJson } from '../answer/reply.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

/** What there is to know of the keys; nothing of it is secret. */
export interface EncryptionStatus {
  /** Kinds whose objects are encrypted. */
  resources: string[];
  rootKeySource: string;
  /** The first one wraps new data keys. `dataKeys`: how many it wraps. */
  rootKeys: { id: string; dataKeys: number }[];
  dataKeys: { id: string; rootKeyId: string; created: string; rows: number }[];
  plainRows: number;
  /** By the replica that answers. */
  rewriting: { running: boolean; rewritten: number; failure?: string };
}

export interface RotatedKeys {
  dataKey: string;
  rootKey: string;
}

export interface EncryptionKeys {
  status(): Promise<EncryptionStatus>;
  rotate(options: { newRoot: boolean }): Promise<RotatedKeys>;
}

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
