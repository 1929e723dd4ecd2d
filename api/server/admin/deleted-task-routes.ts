import type { Hono } from 'hono';
import { jsonText } from '../../machinery/json/json.ts';
import type { DeletedTasks } from '../../registry/tasks/deleted-tasks.ts';
import { streamLog } from '../resources/log-stream.ts';
import { wholeNumber } from '../request/query.ts';
import { replyJson } from '../answer/reply.ts';
import type { HandlerOptions, ServerTypes } from '../server-environment.ts';

const PATH = '/admin/deleted-tasks';

export interface DeletedTaskRoutes extends Pick<HandlerOptions, 'clock' | 'logger'> {
  deletedTasks: DeletedTasks;
}

/** Deleted Tasks while they are kept: a list, the last state of one, its log. */
export function mountDeletedTasks(app: Hono<ServerTypes>, options: DeletedTaskRoutes): void {
  const { deletedTasks } = options;
  app.get(PATH, async (c) => {
    const { namespace = '', continue: token = '' } = c.req.query();
    const limit = wholeNumber(c, 'limit') ?? 0;
    return replyJson(await deletedTasks.list({ namespace, limit, continue: token }));
  });
  app.get(`${PATH}/:uid`, async (c) => {
    const text = jsonText(await deletedTasks.get(c.req.param('uid')));
    return new Response(`${text}\n`, { headers: { 'content-type': 'application/json' } });
  });
  app.get(`${PATH}/:uid/log`, async (c) => {
    const uid = c.req.param('uid');
    return streamLog(c, options, async () => {
      await deletedTasks.get(uid);
      return (query) => deletedTasks.log(uid, query);
    });
  });
}

/** Its answer may take as long as a log is. */
export const isDeletedTaskLog = (path: string): boolean => path.startsWith(PATH) && path.endsWith('/log');
