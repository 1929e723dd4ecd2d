import { randomUUID } from 'node:crypto';
import { Hono } from 'hono';
import type { Auditor } from '../audit/auditor.ts';
import type { Meter } from '../machinery/meter.ts';
import type { Tracer } from '../machinery/tracing/tracer.ts';
import { badRequest } from '../machinery/status-error.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { DeletedTasks } from '../registry/tasks/deleted-tasks.ts';
import type { User } from '../machinery/users/user.ts';
import type { Access, AllowedRequest } from './access/access.ts';
import type { OpenStreams } from './access/open-streams.ts';
import { mountAudit, streamCode } from './audit/audit-requests.ts';
import { isWebSocketUpgrade } from '../authentication/bearer-token.ts';
import { hideIdentityHeaders } from './access/identity-headers.ts';
import type { IdentityHeaders } from './access/identity-headers.ts';
import { credentialsOf } from './access/request-head.ts';
import type { RequestHead } from './access/request-head.ts';
import { isBackup, mountBackup } from './admin/backup-routes.ts';
import type { Backups } from './admin/backup-routes.ts';
import { isDeletedTaskLog, mountDeletedTasks } from './admin/deleted-task-routes.ts';
import { mountServiceAccountKeys } from './admin/service-account-key-routes.ts';
import type { ServiceAccountKeys } from './admin/service-account-key-routes.ts';
import { mountEncryption } from './admin/encryption-routes.ts';
import type { EncryptionKeys } from '../registry/encryption-keys.ts';
import { failureResponse } from './answer/failure.ts';
import { mountBrowserGuard } from './browsers/browser-guard.ts';
import type { BrowserRules } from './browsers/browser-guard.ts';
import { mountDiscovery } from './discovery/discovery-routes.ts';
import { isJoin, mountJoin } from './executors/join-routes.ts';
import type { JoinRoutes } from './executors/join-routes.ts';
import { mountHealth } from './health-routes.ts';
import type { HealthOptions } from './health-routes.ts';
import { answerOf } from './answer/outgoing.ts';
import { addressOf } from './limits/client-address.ts';
import type { ClientAddresses } from './limits/client-address.ts';
import { InFlight } from './limits/in-flight.ts';
import type { RequestPlaces } from './limits/in-flight.ts';
import type { ServerLimits } from './limits/limits.ts';
import { priorityOf } from './limits/priority-level.ts';
import { endpointClass, isLogin } from './limits/rates/endpoint-class.ts';
import type { RateLimiter } from './limits/rates/rate-limiter.ts';
import { arrivesWithin, deadlineOf, withinDeadline } from './limits/request-deadline.ts';
import { createMetrics } from './metrics.ts';
import { mountServiceAccountIssuer } from './service-account-issuer-routes.ts';
import type { ServiceAccountIssuer } from './service-account-issuer-routes.ts';
import { mountOpenApi } from './openapi/openapi-routes.ts';
import type { ResourcePath } from './request/resource-path.ts';
import { checkUrl } from './request/url-limits.ts';
import { upgradeOf } from './streams/upgraded-requests.ts';
import { mountRestHealth } from './rest/health/health-paths.ts';
import type { KnownHealthOptions } from './rest/health/known-health.ts';
import { restFailure } from './rest/rest-failure.ts';
import { mountRest } from './rest/rest-routes.ts';
import { createDispatch } from './resources/resource-dispatch.ts';
import { isStream, isSubresource } from './resources/subresources.ts';
import { mountTracing } from './trace-requests.ts';
import { mountLogin, mountRecovery } from './users/login-routes.ts';
import { isDecisionAddress, mountDecisions } from './webhooks/decision-routes.ts';
import { isWebhook, judgeWebhooks, mountWebhooks } from './webhooks/webhook-routes.ts';
import { readAccountBody } from './users/request-fields.ts';
import { mountSelf } from './users/self-routes.ts';
import type { HandlerOptions, RequestContext, ServerTypes } from './server-environment.ts';

export interface AppOptions extends Omit<HandlerOptions, 'metrics'>, JoinRoutes {
  access: Access;
  openStreams: Pick<OpenStreams, 'add'>;
  /** Aborts when the server stops. */
  closing: AbortSignal;
  isIdentityHeader: IdentityHeaders;
  deletedTasks: DeletedTasks;
  health: Pick<HealthOptions, 'checkStore' | 'storeHealth' | 'version'> &
    Pick<KnownHealthOptions, 'countExecutors'> & {
      /** Of the tables of its database. */
      schema: number;
    };
  limits: ServerLimits;
  backups: Backups;
  encryption: EncryptionKeys;
  browsers: BrowserRules;
  rateLimiter: RateLimiter;
  /** Absent: nobody writes down who did what. */
  auditor: Auditor | undefined;
  addresses: ClientAddresses;
  serviceAccountIssuer: ServiceAccountIssuer;
  serviceAccountKeys: ServiceAccountKeys;
  meter: Meter;
  tracer: Tracer;
  exposition: Exposition;
}

/** The answer of `/metrics`. */
interface Exposition {
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * The story of a request: it is judged, answered by one of the fixed paths, or takes a place among those under way
 * and is answered by what is served at this moment.
 */
export function createApp(options: AppOptions): Hono<ServerTypes> {
  const app = new Hono<ServerTypes>();
  const { registry, logger, closing, clock } = options;
  const { catalog } = registry;
  app.onError((error, c) =>
    failureResponse(error, c, { logger, formOf: (failure) => restFailure(failure, c, clock) }),
  );
  const inFlight = new InFlight(options.limits, clock);
  const metrics = createMetrics(options.meter, inFlight.counts);
  identify(app);
  mountBrowserGuard(app, options.browsers);
  limitStrangers(app, options);
  mountAudit(app, options);
  guard(app, options);
  mountHealth(app, { ...options.health, clock, closing, logger });
  mountRestHealth(app, { ...options.health, clock, closing });
  limitRates(app, options.rateLimiter);
  mountTracing(app, options.tracer, (place) => catalog.find(place) !== undefined);
  mountMetrics(app, options.exposition);
  mountBackup(app, options);
  awaitLogins(app, options);
  judgeWebhooks(app, options.taskWebhooks);
  limit(app, { ...options, inFlight });
  mountEncryption(app, options.encryption);
  mountServiceAccountKeys(app, options.serviceAccountKeys);
  mountDeletedTasks(app, options);
  mountServiceAccountIssuer(app, options.serviceAccountIssuer);
  mountLogin(app, options);
  mountRecovery(app, options);
  mountSelf(app, options);
  mountJoin(app, options);
  mountWebhooks(app, options.taskWebhooks);
  mountDecisions(app, options.approvalLinks);
  renewCatalog(app, catalog);
  mountDiscovery(app, catalog);
  mountOpenApi(app, catalog);
  mountRest(app, { ...options, metrics });
  mountResources(app, { ...options, metrics });
  return app;
}

/** Every answer, a refusal too, says under which id the request is in our logs (apiserver filters/with_auditid.go). */
function identify(app: Hono<ServerTypes>): void {
  app.use('*', async (c, next) => {
    const given = c.req.header('audit-id') ?? '';
    c.env.outgoing.setHeader('audit-id', /^[!-~]{1,64}$/.test(given) ? given : randomUUID());
    await next();
  });
}

/** Nothing gets past this without a user who may do it. */
function guard(app: Hono<ServerTypes>, options: AppOptions): void {
  const { access, isIdentityHeader, closing } = options;
  app.use('*', async (c, next) => {
    checkUrl(c.req.url);
    const head: RequestHead = {
      method: c.req.method,
      path: c.req.path,
      query: (name) => c.req.query(name),
      ...credentialsOf(c.env.incoming),
    };
    const { user, impersonator, attributes, place } = await access.check(head, c.var.audited);
    const ended = hasNoEnd({ attributes, place }) ? endOf(c, options, { user, head }) : closing;
    hideIdentityHeaders(c, isIdentityHeader);
    if (isWebSocketUpgrade(head) && upgradeOf(c.env.incoming) === undefined)
      throw badRequest('this path takes no WebSocket connections');
    c.set('user', user);
    c.set('impersonator', impersonator);
    c.set('attributes', attributes);
    c.set('place', place);
    c.set('ended', ended);
    await next();
  });
}

/** The signal of a stream that ends with its right; judged by the head as it came, before parts of it are hidden. */
function endOf(
  { env: { incoming, outgoing } }: RequestContext,
  { access, openStreams, closing }: AppOptions,
  { user, head }: { user: User; head: RequestHead },
): AbortSignal {
  const { headers, rawHeaders, socket } = incoming;
  const credentials = credentialsOf({ headers: { ...headers }, rawHeaders, socket });
  const open = openStreams.add({ user, judge: () => access.check({ ...head, ...credentials }) });
  answerOf(outgoing).onClosed(() => open[Symbol.dispose]());
  return AbortSignal.any([closing, open.signal]);
}

function hasNoEnd({ attributes, place }: Pick<AllowedRequest, 'attributes' | 'place'>): boolean {
  if (place === undefined) return isDeletedTaskLog(attributes.path) || isBackup(attributes.path);
  return isStream(attributes.verb, place.subresource);
}

function mountMetrics(app: Hono<ServerTypes>, exposition: Exposition): void {
  app.get('/metrics', async () => {
    const headers = { 'content-type': exposition.contentType, 'cache-control': 'no-cache, private' };
    return new Response(await exposition.text(), { headers });
  });
}

/** Before a password or a token is looked at; nobody knows yet who shows it. */
function limitStrangers(app: Hono<ServerTypes>, { rateLimiter, addresses }: AppOptions): void {
  app.use('*', async (c, next) => {
    const { method, path } = c.req;
    const counted = isLogin(method, path)
      ? 'login'
      : isWebhook(path) || isDecisionAddress(path) || isJoin(method, path)
        ? 'webhook'
        : undefined;
    if (counted !== undefined) {
      await rateLimiter.count(counted, addresses.networkOf(addressOf(addresses, c)));
    }
    await next();
  });
}

/** The processes of the system do what their objects ask for, which has limits of its own. */
function limitRates(app: Hono<ServerTypes>, rateLimiter: RateLimiter): void {
  app.use('*', async (c, next) => {
    const { user, attributes } = c.var;
    if (priorityOf(user) !== 'system') await rateLimiter.count(endpointClass(attributes), user.name);
    await next();
  });
}

/** A login is small. Over the slowest of lines it is there long before. */
const LOGIN_BODY_MS = 10_000;

/**
 * Logins come from people whom nobody knows yet. They take a place when they are there as a whole: else a few hundred
 * whose bodies never come would keep everybody from logging in.
 */
function awaitLogins(app: Hono<ServerTypes>, { clock, limits }: AppOptions): void {
  const ms = Math.min(LOGIN_BODY_MS, limits.requestMs);
  app.use('*', async (c, next) => {
    const { method, path } = c.req;
    if (isLogin(method, path) || isJoin(method, path)) {
      const answer = answerOf(c.env.outgoing);
      c.set('accountBody', await arrivesWithin(readAccountBody(c), { ms, clock, answer }));
    }
    await next();
  });
}

interface Limited extends AppOptions {
  inFlight: InFlight;
}

/** Everything from here on takes a place among the requests under way until its answer was taken, and has a deadline. */
function limit(app: Hono<ServerTypes>, { clock, inFlight, limits }: Limited): void {
  app.use('*', async (c, next) => {
    const { attributes, place, user } = c.var;
    const ms = deadlineOf(c.req.query('timeout'), limits.requestMs);
    const answer = answerOf(c.env.outgoing);
    const kind = READS.has(attributes.verb) ? 'reads' : 'writes';
    const requester = { user: user.name, level: priorityOf(user) };
    const places = await inFlight.enter(requester, kind, (fn) => answer.onClosed(fn));
    answer.onClosed(() => places[Symbol.dispose]());
    c.set('places', auditedPlaces(c, places));
    if (hasNoEnd({ attributes, place })) await next();
    else await withinDeadline(next(), { ms, clock, answer });
  });
}

/** Notes that a request that becomes a stream has begun to answer. */
function auditedPlaces(c: RequestContext, places: RequestPlaces): RequestPlaces {
  const { audited } = c.var;
  if (audited === undefined) return places;
  return {
    longRunning() {
      const place = places.longRunning();
      void audited.responseStarted(streamCode(c));
      return place;
    },
    [Symbol.dispose]: () => places[Symbol.dispose](),
  };
}

const READS = new Set(['get', 'head', 'list', 'options', 'watch']);

/**
 * A kind that was defined through another replica a moment ago may be new here. Requests for kinds that are known
 * need not wait: they are most, and a definition that changes reaches us as fast as on any cluster.
 */
function renewCatalog(app: Hono<ServerTypes>, catalog: Catalog): void {
  app.use('*', async (c, next) => {
    const { attributes, place } = c.var;
    const isNews =
      place === undefined ? SHOWS_KINDS.test(attributes.path) : catalog.find(place) === undefined;
    if (isNews) await catalog.renew();
    await next();
  });
}

/** Discovery and OpenAPI of what users may add to. */
const SHOWS_KINDS = /^\/(apis|openapi)(\/|$)/;

/** Everything else: what kinds there are is known only when a request comes. */
function mountResources(app: Hono<ServerTypes>, options: HandlerOptions): void {
  app.use('*', counted(options));
  app.all('*', createDispatch(options));
}

function counted({ metrics, registry: { catalog } }: HandlerOptions) {
  return async (c: RequestContext, next: () => Promise<void>): Promise<void> => {
    const started = performance.now();
    await next();
    const { attributes, place } = c.var;
    const { verb } = attributes;
    const resource = place && catalog.find(place);
    const scope = place === undefined ? '' : scopeOf(place);
    const subresource = isSubresource(place?.subresource ?? '') ? (place?.subresource ?? '') : '';
    const seconds = (performance.now() - started) / 1000;
    metrics.countRequest({ verb, resource, subresource, scope }, { code: c.res.status, seconds });
  };
}

/** apiserver endpoints/metrics CleanScope. */
function scopeOf({ name, namespace }: ResourcePath): 'cluster' | 'namespace' | 'resource' {
  if (name !== '') return 'resource';
  return namespace === '' ? 'cluster' : 'namespace';
}
