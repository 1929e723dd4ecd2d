import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { mountDeletedTasks } from './deleted-task-routes.ts';
import type { ServerTypes } from '../server-environment.ts';

describe('/admin/deleted-tasks', () => {
  const createRoutes = (): Hono<ServerTypes> => {
    const app = new Hono<ServerTypes>();
    const metadata = { name: 'a', uid: 'u' };
    mountDeletedTasks(app, {
      clock: systemClock,
      logger: silentLogger,
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
  const ask = async (path: string): Promise<Response> =>
    createRoutes().fetch(new Request(`http://x/admin/deleted-tasks${path}`));

  it('hands on what is asked for', async () => {
    const list = await ask('?namespace=n&limit=3&continue=c');
    const { continue: query } = (await list.json()) as { continue: string };
    expect(JSON.parse(query)).toEqual({ namespace: 'n', limit: 3, continue: 'c' });
    expect(await (await ask('/u')).json()).toMatchObject({ metadata: { uid: 'u' } });
  });
});
