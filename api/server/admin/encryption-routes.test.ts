import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import { mountEncryption } from './encryption-routes.ts';
import { failureResponse } from '../answer/failure.ts';
import { requestAttributes } from '../access/request-attributes.ts';
import type { ServerTypes } from '../server-environment.ts';

describe('/admin/encryption', () => {
  const rotated: { newRoot: boolean }[] = [];
  const appFor = (groups: string[]): Hono<ServerTypes> => {
    const app = new Hono<ServerTypes>();
    app.onError((error, c) => failureResponse(error, c, silentLogger));
    app.use('*', async (c, next) => {
      c.set('user', { name: 'alice', groups });
      c.set('attributes', requestAttributes(c.req.method, c.req.path, false));
      await next();
    });
    mountEncryption(app, {
      status: () => Promise.reject(new Error('not asked for here')),
      async rotate(options) {
        rotated.push(options);
        return { dataKey: 'd', rootKey: 'r' };
      },
    });
    return app;
  };
  const environment = { incoming: { httpVersionMajor: 1 } };

  it('is for those who may do everything', async () => {
    const rotate = new Request('http://x/admin/encryption/rotate', { method: 'POST' });
    const refused = await appFor(['system:authenticated']).fetch(rotate, environment);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({
      message: 'forbidden: User "alice" cannot post path "/admin/encryption/rotate"',
    });
    expect((await appFor([]).fetch(new Request('http://x/admin/encryption'), environment)).status).toBe(403);
    expect(rotated).toEqual([]);
    expect((await appFor(['system:masters']).fetch(rotate, environment)).status).toBe(200);
    expect(rotated).toEqual([{ newRoot: false }]);
  });
});
