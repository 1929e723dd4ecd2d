import type { Hono } from 'hono';
import { WEBHOOK_PATH } from '../../registry/tasks/task-webhooks.ts';
import type { JudgedCall, TaskWebhooks } from '../../registry/tasks/task-webhooks.ts';
import { parseMediaType } from '../request/media-type.ts';
import { parseJson, readBytes } from '../request/body.ts';
import { done } from '../users/login-routes.ts';
import type { RequestContext, ServerTypes } from '../server-environment.ts';

/** Where steps that wait are called from outside: `POST /webhooks/tasks/NAMESPACE/TASK/NODE?token=TOKEN`. */
const ROUTE = `${WEBHOOK_PATH}:namespace/:task/:node` as const;
const MOST_BYTES = 64 * 1024;

export const isWebhook = (path: string): boolean => path.startsWith(WEBHOOK_PATH);

/** Before a call takes a place among the requests under way: a stranger must not keep others out. */
export function judgeWebhooks(app: Hono<ServerTypes>, webhooks: TaskWebhooks): void {
  app.post(ROUTE, async (c, next) => {
    c.set('webhook', await judged(c, webhooks));
    await next();
  });
}

/** The body becomes the data: as a value where it says that it is JSON, else as a text. */
export function mountWebhooks(app: Hono<ServerTypes>, webhooks: TaskWebhooks): void {
  app.post(ROUTE, async (c) => {
    const { webhook = await judged(c, webhooks), user } = c.var;
    await webhooks.deliver(webhook, await readData(c), user);
    return done('taken', 202);
  });
}

function judged(c: RequestContext, webhooks: TaskWebhooks): Promise<JudgedCall> {
  const { namespace = '', task = '', node = '' } = c.req.param() as Record<string, string>;
  return webhooks.judge({ namespace, task, node, token: c.req.query('token') ?? '' }, c.var.user);
}

async function readData(c: RequestContext): Promise<unknown> {
  const { incoming } = c.env;
  const bytes = await readBytes(incoming, MOST_BYTES);
  if (bytes.length === 0) return undefined;
  const { type } = parseMediaType(incoming.headers['content-type'] ?? '');
  const text = bytes.toString('utf8');
  return /^application\/(.+\+)?json$/.test(type) ? parseJson(text, 'data') : text;
}
