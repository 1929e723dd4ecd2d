import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import { ANONYMOUS } from '../machinery/user.ts';
import type { Catalog } from '../registry/catalog.ts';
import { answerOf } from './limits/answer.ts';
import type { Authenticator } from './access/authentication.ts';
import { refusal } from './access/authorization.ts';
import type { Authorizer } from './access/authorization.ts';
import { mountBackup } from './admin/backup-routes.ts';
import type { Backups } from './admin/backup-routes.ts';
import type { DeletedTasks } from '../registry/tasks/deleted-tasks.ts';
import { isDeletedTaskLog, mountDeletedTasks } from './admin/deleted-task-routes.ts';
import { mountDiscovery } from './discovery/discovery-routes.ts';
import { mountEncryption } from './admin/encryption-routes.ts';
import type { EncryptionKeys } from '../registry/encryption-keys.ts';
import { failureResponse } from './answer/failure.ts';
import { mountHealth } from './health-routes.ts';
import type { HealthOptions } from './health-routes.ts';
import { InFlight } from './limits/in-flight.ts';
import type { ServerLimits } from './limits/limits.ts';
import { createMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { mountOpenApi } from './openapi/openapi-routes.ts';
import { isGiven } from './request/query.ts';
import { requestAttributes } from './access/request-attributes.ts';
import type { RequestAttributes } from './access/request-attributes.ts';
import { deadlineOf, withinDeadline } from './limits/request-deadline.ts';
import { checkUrl } from './request/url-limits.ts';
import { createDispatch } from './resources/resource-dispatch.ts';
import type { Dispatch, DispatchOptions } from './resources/resource-dispatch.ts';
import type { RequestContext, ServerTypes } from './server-environment.ts';

export interface AppOptions extends Omit<DispatchOptions, 'metrics'> {
  deletedTasks: DeletedTasks;
  authenticator: Authenticator;
  authorizer: Authorizer;
  health: Pick<HealthOptions, 'checkStore' | 'storeHealth' | 'version'>;
  limits: ServerLimits;
  backups: Backups;
  encryption: EncryptionKeys;
}

/** Every route of the API server. Kinds come and go, so what is not one of the fixed paths is looked up. */
export function createApp(options: AppOptions): Hono<ServerTypes> {
  const app = new Hono<ServerTypes>();
  const { registry, logger, closing, clock } = options;
  app.onError((error, c) => failureResponse(error, c, logger));
  const inFlight = new InFlight(options.limits);
  const metrics = createMetrics(inFlight.counts);
  guard(app, options);
  mountHealth(app, { ...options.health, clock, closing, logger });
  mountMetrics(app, metrics);
  mountBackup(app, options);
  limit(app, { ...options, inFlight });
  mountEncryption(app, options.encryption);
  renewCatalog(app, registry.catalog);
  mountDiscovery(app, registry.catalog);
  mountOpenApi(app, registry.catalog);
  mountDeletedTasks(app, options);
  mountResources(app, { ...options, metrics, dispatch: createDispatch({ ...options, metrics }) });
  return app;
}

/** Nothing gets past this without a user who may do it. */
function guard(app: Hono<ServerTypes>, { authenticator, authorizer }: AppOptions): void {
  app.use('*', async (c, next) => {
    c.env.outgoing.setHeader('audit-id', auditId(c));
    checkUrl(c.req.url);
    const user = await authenticator.authenticate({ authorization: c.req.header('authorization') });
    const attributes = requestAttributes(c.req.method, c.req.path, isGiven(c.req.query('watch')));
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

interface Limited extends AppOptions {
  inFlight: InFlight;
}

/** Everything from here on takes a place among the requests under way until its answer was taken, and has a deadline. */
function limit(app: Hono<ServerTypes>, { clock, inFlight, limits }: Limited): void {
  app.use('*', async (c, next) => {
    const { attributes, user } = c.var;
    const isRead = READS.has(attributes.verb);
    const ms = deadlineOf(c.req.query('timeout'), limits.requestMs);
    const places = inFlight.enter(user.name, isRead ? 'reads' : 'writes');
    const answer = answerOf(c.env.outgoing);
    answer.onClosed(() => places[Symbol.dispose]());
    c.set('places', places);
    const isStream = attributes.verb === 'watch' || isLog(attributes);
    if (isStream) await next();
    else await withinDeadline(next(), { ms, clock, answer });
  });
}

const isLog = ({ resource, path }: RequestAttributes): boolean =>
  resource?.subresource === 'log' || isDeletedTaskLog(path);

const READS = new Set(['get', 'head', 'list', 'options', 'watch']);

/**
 * A kind that was defined through another replica a moment ago may be new here. Requests for kinds that are known
 * need not wait: they are most, and a definition that changes reaches us as fast as on any cluster.
 */
function renewCatalog(app: Hono<ServerTypes>, catalog: Catalog): void {
  app.use('*', async (c, next) => {
    const { resource, path } = c.var.attributes;
    const isNews = resource === undefined ? SHOWS_KINDS.test(path) : catalog.find(resource) === undefined;
    if (isNews) await catalog.renew();
    await next();
  });
}

/** Discovery and OpenAPI of what users may add to. */
const SHOWS_KINDS = /^\/(apis|openapi)(\/|$)/;

interface Resources extends AppOptions {
  dispatch: Dispatch;
  metrics: Metrics;
}

/** Everything else: what kinds there are is known only when a request comes. */
function mountResources(app: Hono<ServerTypes>, resources: Resources): void {
  app.use('*', counted(resources));
  app.all('*', (c) => resources.dispatch(c, c.var.attributes));
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
