import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { ANONYMOUS, type Authenticator } from './authentication.ts';
import { type Authorizer, refusal } from './authorization.ts';
import { mountDiscovery } from './discovery-routes.ts';
import { failureResponse } from './failure.ts';
import { type HealthOptions, mountHealth } from './health-routes.ts';
import { DEFAULT_LIMITS, InFlight, type RequestLimits } from './in-flight.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { mountOpenApi } from './openapi-routes.ts';
import { isTrue } from './query.ts';
import { requestAttributes } from './request-attributes.ts';
import { deadlineOf, withinDeadline } from './request-deadline.ts';
import { createDispatch, type Dispatch, type DispatchOptions } from './resource-dispatch.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

export interface AppOptions extends Omit<DispatchOptions, 'metrics'> {
  authenticator: Authenticator;
  authorizer: Authorizer;
  health: Pick<HealthOptions, 'checkStore' | 'version'>;
  limits?: RequestLimits;
}

/** Every route of the API server. Kinds come and go, so what is not one of the fixed paths is looked up. */
export function createApp(options: AppOptions): Hono<ServerTypes> {
  const app = new Hono<ServerTypes>();
  const { registry, logger, closing } = options;
  app.onError((error, c) => failureResponse(error, { logger, httpVersion: c.env.incoming.httpVersionMajor }));
  const inFlight = new InFlight(options.limits ?? DEFAULT_LIMITS);
  const metrics = createMetrics(inFlight.counts);
  guard(app, options);
  mountHealth(app, { ...options.health, closing, logger });
  mountMetrics(app, metrics);
  mountDiscovery(app, registry.catalog);
  mountOpenApi(app, registry.catalog);
  mountResources(app, { ...options, metrics, inFlight, dispatch: createDispatch({ ...options, metrics }) });
  return app;
}

/** Nothing gets past this without a user who may do it. */
function guard(app: Hono<ServerTypes>, { authenticator, authorizer }: AppOptions): void {
  app.use('*', async (c, next) => {
    c.env.outgoing.setHeader('audit-id', auditId(c));
    const user = await authenticator.authenticate({ authorization: c.req.header('authorization') });
    const attributes = requestAttributes(c.req.method, c.req.path, isTrue(c.req.query('watch')));
    const subject = user ?? ANONYMOUS;
    if (!(await authorizer.authorize(subject, attributes))) throw refusal(subject, attributes);
    c.set('attributes', attributes);
    c.set('user', subject);
    await next();
  });
}

/** The client's own, so that it finds its request in our logs (apiserver filters/with_auditid.go). */
function auditId(c: RequestContext): string {
  const given = c.req.header('audit-id') ?? '';
  return /^[!-~]{1,64}$/.test(given) ? given : randomUUID();
}

function mountMetrics(app: Hono<ServerTypes>, metrics: Metrics): void {
  app.get('/metrics', async () => {
    const headers = { 'content-type': metrics.contentType, 'cache-control': 'no-cache, private' };
    return new Response(await metrics.text(), { headers });
  });
}

interface Resources extends AppOptions {
  dispatch: Dispatch;
  inFlight: InFlight;
  metrics: Metrics;
}

/** Everything else: one place among the requests under way, one deadline, one line in the metrics. */
function mountResources(app: Hono<ServerTypes>, resources: Resources): void {
  const { clock, dispatch, inFlight } = resources;
  app.use('*', counted(resources));
  app.all('*', async (c) => {
    const { attributes, user } = c.var;
    const isRead = attributes.verb === 'get' || attributes.verb === 'list' || attributes.verb === 'watch';
    const deadline = deadlineOf(c.req.query('timeout'));
    using places = inFlight.enter(user.name, isRead ? 'reads' : 'writes');
    c.set('places', places);
    const isStream = attributes.verb === 'watch' || attributes.resource?.subresource === 'log';
    const work = dispatch(c, attributes);
    return isStream ? await work : await withinDeadline(work, deadline, clock);
  });
}

function counted({ metrics, registry: { catalog } }: Resources) {
  return async (c: RequestContext, next: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    await next();
    const { verb, resource: asked } = c.var.attributes;
    const resource = asked && catalog.find(asked);
    const scope = asked === undefined ? '' : scopeOf(asked);
    const subresource = SUBRESOURCES.has(asked?.subresource ?? '') ? (asked?.subresource ?? '') : '';
    const seconds = (performance.now() - started) / 1000;
    metrics.countRequest({ verb, resource, subresource, scope }, { code: c.res.status, seconds });
  };
}

const SUBRESOURCES = new Set(['finalize', 'log', 'messages', 'scale', 'status']);

/** apiserver endpoints/metrics CleanScope. */
function scopeOf({
  name,
  namespace,
}: {
  name: string;
  namespace: string;
}): 'cluster' | 'namespace' | 'resource' {
  if (name !== '') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}
