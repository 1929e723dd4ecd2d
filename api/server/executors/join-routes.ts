import type { Hono } from 'hono';
import type { ExecutorJoins } from '../../registry/executors/join-executor.ts';
import { JOIN_PATH } from '../../types/join-token.ts';
import type { JoinAuthority, JoinRequest } from '../../types/join-token.ts';
import { replyJson } from '../answer/reply.ts';
import { secret } from '../users/login-routes.ts';
import { optionalText, readFields, text } from '../users/request-fields.ts';
import type { ServerTypes } from '../server-environment.ts';

export interface JoinRoutes {
  executorJoins: ExecutorJoins;
  /** PEM of the authorities of what this server shows. */
  authorities: () => string;
}

/** Counted by where it comes from, before anybody looks at the token. */
export const isJoin = (method: string, path: string): boolean => method === 'POST' && path === JOIN_PATH;

/** How machines become Executors. An authority is no secret: each connection shows who has signed its certificate. */
export function mountJoin(app: Hono<ServerTypes>, { executorJoins, authorities }: JoinRoutes): void {
  app.get(JOIN_PATH, () => {
    const authority: JoinAuthority = { certificate_authority: authorities() };
    return replyJson(authority);
  });
  app.post(JOIN_PATH, async (c) => {
    const fields = await readFields(c);
    const name = optionalText(fields, 'name');
    const host = optionalText(fields, 'host');
    const request: JoinRequest = {
      token: text(fields, 'token'),
      claim: text(fields, 'claim'),
      ...(name === undefined ? {} : { name }),
      ...(host === undefined ? {} : { host }),
    };
    return secret(await executorJoins.join(request), 201);
  });
}
