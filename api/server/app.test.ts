import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUnionAuthorizer } from '../machinery/users/authorizer.ts';
import type { Authorizer } from '../machinery/users/authorizer.ts';
import { systemClock } from '../machinery/clock.ts';
import { silentLogger } from '../machinery/logger.ts';
import { silentTracer } from '../machinery/tracing/tracer.ts';
import { createPrometheusMeter } from '../metrics/prometheus-meter.ts';
import { MASTERS_GROUP } from '../machinery/users/user.ts';
import { createCatalog } from '../registry/catalog.ts';
import { loadDefinitions } from '../schema/load-crds.ts';
import { createAccess } from './access/access.ts';
import { publicPaths, withAnonymous } from '../authentication/anonymous.ts';
import { createUnionAuthenticator } from '../authentication/authenticator.ts';
import { mastersMayDoEverything } from '../authorization/authorizers.ts';
import {
  createBearerAuthenticator,
  createWebSocketProtocolAuthenticator,
} from '../authentication/bearer-token.ts';
import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { ExecutorTunnels } from './streams/executor-tunnels.ts';
import { createCorsPolicy } from './browsers/cors.ts';
import { createClientAddresses } from './limits/client-address.ts';
import { createAccounts } from '../users/accounts.ts';
import { DEFAULT_LIMITS } from './limits/limits.ts';
import { createRateLimiter } from './limits/rates/rate-limiter.ts';
import { DEFAULT_RATES } from './limits/rates/rates.ts';

const USERS = new Map([
  ['owner-token', { name: 'owner', groups: [MASTERS_GROUP] }],
  ['alice-token', { name: 'alice', groups: [] }],
]);
const tokens = { authenticateToken: (token: string) => Promise.resolve(USERS.get(token)) };

const HEALTH = /^\/(?:(?:version|healthz|livez|readyz)(?:\/|$)|api\/v1\/health$)/;

const healthIsPublic: Authorizer = {
  authorize: (_user, { path }) =>
    Promise.resolve({ verdict: HEALTH.test(path) ? 'allow' : 'no opinion', reason: '' }),
};

const notAsked = (): never => {
  throw new Error('not asked for here');
};
const verbs = { get: notAsked, list: notAsked, watch: notAsked, create: notAsked, update: notAsked };
const { meter, ...exposition } = createPrometheusMeter();
const registry = {
  catalog: createCatalog(loadDefinitions()),
  ...verbs,
  patch: notAsked,
  delete: notAsked,
  deleteCollection: notAsked,
};
const options: AppOptions = {
  meter,
  tracer: silentTracer,
  exposition,
  isIdentityHeader: () => false,
  auditor: undefined,
  access: createAccess({
    authenticator: withAnonymous(
      createUnionAuthenticator([
        createBearerAuthenticator(tokens),
        createWebSocketProtocolAuthenticator(tokens),
      ]),
      publicPaths,
    ),
    authorizer: createUnionAuthorizer([
      { name: 'masters', authorizer: mastersMayDoEverything },
      { name: 'health', authorizer: healthIsPublic },
    ]),
  }),
  registry,
  accounts: createAccounts({
    registry: () => registry,
    store: {} as never,
    keys: { signer: notAsked, find: notAsked },
    registration: 'closed',
    mailer: undefined,
    redis: undefined,
    clock: systemClock,
    logger: silentLogger,
  }),
  taskLogs: { append: notAsked, reader: notAsked, messages: notAsked, tellMessages: notAsked },
  sandboxLogs: { reader: notAsked },
  skillPackages: { create: notAsked, put: notAsked, read: notAsked },
  tokenRequests: { create: notAsked },
  executorJoins: { join: notAsked },
  authorities: () => '',
  approvalMails: { send: notAsked },
  approvalLinks: { address: notAsked, judge: notAsked, decide: notAsked },
  taskWebhooks: { address: notAsked, judge: notAsked, deliver: notAsked },
  serviceAccountKeys: { all: () => [], signer: notAsked, rotate: notAsked },
  serviceAccountIssuer: { keys: { all: () => [] }, issuer: '', keysURL: '' },
  tunnels: new ExecutorTunnels({ clock: systemClock, isOnly: true }),
  deletedTasks: { list: notAsked, get: notAsked, log: notAsked },
  health: {
    checkStore: () => Promise.resolve(),
    storeHealth: () => ({ database: undefined, hints: 'unused' }),
    countExecutors: () => Promise.resolve({ total: 1, ready: 1 }),
    version: '0.0.0',
    schema: 0,
  },
  backups: { read: notAsked },
  encryption: { status: notAsked, rotate: notAsked },
  clock: systemClock,
  logger: silentLogger,
  closing: new AbortController().signal,
  openStreams: { add: () => ({ signal: new AbortController().signal, [Symbol.dispose]() {} }) },
  limits: DEFAULT_LIMITS,
  browsers: {
    cors: createCorsPolicy(['^https://console\\.example\\.org$']),
    strictTransportSecurity: 'max-age=60',
  },
  rateLimiter: createRateLimiter({ rates: { ...DEFAULT_RATES, api: [{ requests: 100, seconds: 3600 }] } }),
  addresses: createClientAddresses([]),
};

const app = createApp(options);
let server: Server;
let port: number;

beforeAll(async () => {
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => server.close());

const ask = (path: string, { token = '', method = 'GET' }): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: token === '' ? {} : { authorization: `Bearer ${token}` },
  });

describe('every path', () => {
  const fixed = [...new Set(app.routes.map(({ path }) => path))].filter((path) => !/[:*]/.test(path));
  const isPublic = (path: string): boolean => HEALTH.test(path);

  it('is judged by the one authorizer, that of an administrator too', async () => {
    expect(fixed).toEqual(
      expect.arrayContaining(['/admin/backup', '/admin/encryption', '/metrics', '/readyz']),
    );
    const dynamic = ['/admin/deleted-tasks/u', '/admin/deleted-tasks/u/log', '/api/v1/secrets', '/no/such'];
    for (const path of [...fixed, ...dynamic]) {
      const anonymous = await ask(path, {});
      const known = await ask(path, { token: 'alice-token' });
      // The anonymous may ask for the keys of tokens where a rule says so.
      const refused = publicPaths(path) ? [403, 403] : [401, 403];
      const wanted = isPublic(path) ? [200, 200] : refused;
      expect([anonymous.status, known.status], path).toEqual(wanted);
      await Promise.all([anonymous.text(), known.text()]);
    }
  });

  it('lets those through who own the service, and says how requests are called in the log', async () => {
    const metrics = await ask('/metrics', { token: 'owner-token' });
    expect([metrics.status, await metrics.text()]).toEqual([200, expect.stringContaining('apiserver_')]);
    const refused = await ask('/admin/encryption/rotate', { method: 'POST', token: 'alice-token' });
    expect(refused.headers.get('audit-id')).toMatch(/^[\da-f-]{36}$/);
    expect(await refused.json()).toMatchObject({
      message: 'forbidden: User "alice" cannot post path "/admin/encryption/rotate"',
    });
  });
});

describe('an upgrade to WebSocket', () => {
  /** The answer of a server to a client that speaks first and then waits. */
  async function upgrade(path: string, headers: string[]): Promise<string> {
    const socket = connect(port, '127.0.0.1');
    const head = [
      `GET ${path} HTTP/1.1`,
      'host: x',
      'connection: Upgrade, close',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    return text(socket);
  }
  const inProtocol = (token: string): string =>
    `sec-websocket-protocol: base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}, v1`;
  const WATCH = '/api/v1/namespaces?watch=true';

  it.each([
    [WATCH, [], 401, 'Unauthorized'],
    [WATCH, ['authorization: Bearer wrong'], 401, 'Unauthorized'],
    [WATCH, [inProtocol('wrong')], 401, 'Unauthorized'],
    [WATCH, ['authorization: Bearer alice-token'], 403, 'User \\"alice\\" cannot watch resource'],
    [WATCH, [inProtocol('alice-token')], 403, 'User \\"alice\\" cannot watch resource'],
    [WATCH, ['authorization: Bearer owner-token'], 400, 'takes no WebSocket connections'],
    [WATCH, [inProtocol('owner-token')], 400, 'takes no WebSocket connections'],
    ['/socket.io/?EIO=4&transport=websocket', [], 401, 'Unauthorized'],
  ])('to %s with %j is judged, and answered with %s', async (path, headers, status, message) => {
    const answer = await upgrade(path, headers);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('"kind":"Status"');
    expect(answer).toContain(message);
  });
});
