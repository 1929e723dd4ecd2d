import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { mountDeletedTasks } from './deleted-task-routes.ts';
import { failureResponse } from '../answer/failure.ts';
import { requestAttributes } from '../access/request-attributes.ts';
import type { ServerTypes } from '../server-environment.ts';

describe('/admin/deleted-tasks', () => {
  const appFor = (groups: string[]): Hono<ServerTypes> => {
    const app = new Hono<ServerTypes>();
    app.onError((error, c) => failureResponse(error, c, silentLogger));
    app.use('*', async (c, next) => {
      c.set('user', { name: 'alice', groups });
      c.set('attributes', requestAttributes(c.req.method, c.req.path, false));
      await next();
    });
    const closing = new AbortController().signal;
    const metadata = { name: 'a', uid: 'u' };
    mountDeletedTasks(app, {
      clock: systemClock,
      logger: silentLogger,
      closing,
      deletedTasks: {
        list: (query) => Promise.resolve({ items: [], continue: JSON.stringify(query) }),
        get: () => Promise.resolve({ apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata }),
        log: () => {
          throw new Error('not asked for here');
        },
      },
    });
    return app;
  };
  const ask = (path: string, groups: string[]) =>
    appFor(groups).fetch(new Request(`http://x/admin/deleted-tasks${path}`), {
      incoming: { httpVersionMajor: 1 },
    });

  it.each(['', '/u', '/u/log'])('%s is for those who own the service', async (path) => {
    for (const groups of [[], ['system:authenticated']]) {
      const refused = await ask(path, groups);
      expect(refused.status).toBe(403);
      expect(await refused.json()).toMatchObject({
        message: expect.stringContaining('User "alice" cannot get'),
      });
    }
  });

  it('hands on what is asked for', async () => {
    const list = await ask('?namespace=n&limit=3&continue=c', ['system:masters']);
    const { continue: query } = (await list.json()) as { continue: string };
    expect(JSON.parse(query)).toEqual({ namespace: 'n', limit: 3, continue: 'c' });
    expect(await (await ask('/u', ['system:masters'])).json()).toMatchObject({ metadata: { uid: 'u' } });
  });
});
