import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { isTask } from '../registry/resource.ts';
import type { TaskLogs } from '../registry/task-log.ts';
import { ANONYMOUS, type Authenticator } from './authentication.ts';
import { type Authorizer, refusal } from './authorization.ts';
import { mountDiscovery } from './discovery-routes.ts';
import { failureResponse } from './failure.ts';
import { type HealthOptions, mountHealth } from './health-routes.ts';
import { mountTaskLog } from './log-routes.ts';
import { mountOpenApi } from './openapi-routes.ts';
import { isTrue } from './query.ts';
import { requestAttributes } from './request-attributes.ts';
import { mountResource } from './resource-routes.ts';
import type { HandlerOptions, ServerTypes } from './server-environment.ts';

export interface AppOptions extends HandlerOptions {
  taskLogs: TaskLogs;
  authenticator: Authenticator;
  authorizer: Authorizer;
  health: Pick<HealthOptions, 'checkStore' | 'version'>;
}

/** Every route of the API server. Built once: the kinds do not change while it runs. */
export function createApp(options: AppOptions): Hono<ServerTypes> {
  const app = new Hono<ServerTypes>();
  app.onError((error) => failureResponse(error, options.logger));
  app.notFound(
    () =>
      new Response('404 page not found\n', {
        status: 404,
        headers: { 'content-type': 'text/plain; charset=utf-8' },
      }),
  );
  guard(app, options);
  mountHealth(app, { ...options.health, closing: options.closing, logger: options.logger });
  mountDiscovery(app, options.registry.catalog);
  mountOpenApi(app, options.registry.catalog);
  for (const resource of options.registry.catalog.current()) {
    mountResource(app, resource, options);
    if (isTask(resource)) mountTaskLog(app, resource, options);
  }
  return app;
}

/** Nothing gets past this without a user who may do it. */
function guard(app: Hono<ServerTypes>, { authenticator, authorizer }: AppOptions): void {
  app.use('*', async (c, next) => {
    c.env.outgoing.setHeader('audit-id', randomUUID());
    const user = await authenticator.authenticate({ authorization: c.req.header('authorization') });
    const attributes = requestAttributes(c.req.method, c.req.path, isTrue(c.req.query('watch')));
    const subject = user ?? ANONYMOUS;
    if (!(await authorizer.authorize(subject, attributes))) throw refusal(subject, attributes);
    await next();
  });
}
