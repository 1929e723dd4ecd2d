import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpService } from '#dev/environment/http-service';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { auditedApi, auditEvents } from '../../kit/audited-api.ts';
import type { AuditedApi, AuditEvent } from '../../kit/audited-api.ts';
import { makeUser, tryLogin } from '../users/people.ts';

const CANARY = 'canary-4f1c9b';
const stack = new AsyncDisposableStack();
let audited: AuditedApi;
let folder: string;
let policyFile: string;
let logFile: string;
let api: TestApi;

beforeAll(async () => {
  audited = stack.use(await auditedApi());
  ({ api, folder, policyFile, logFile } = audited);
});
afterAll(() => stack.disposeAsync());

const readEvents = (): AuditEvent[] => auditEvents(logFile);
const eventsOf: AuditedApi['eventsOf'] = (answer) => audited.eventsOf(answer);

const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { a: 'b' },
});

describe('a request', () => {
  it('is told when it comes and when it is answered, with what was sent and what came back', async () => {
    const answer = await api.send(CONFIGMAPS, { method: 'POST', body: configMap('one') });
    const [received, complete, ...more] = eventsOf(answer);
    expect(more).toEqual([]);
    expect(received).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'RequestResponse',
      stage: 'RequestReceived',
      verb: 'create',
      requestURI: CONFIGMAPS,
      user: { username: 'troupe-admin', groups: ['system:masters', 'system:authenticated'] },
      sourceIPs: ['127.0.0.1'],
      objectRef: { resource: 'configmaps', namespace: 'default', apiVersion: 'v1' },
      requestReceivedTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    expect(received?.responseStatus).toBeUndefined();
    expect(complete).toMatchObject({
      stage: 'ResponseComplete',
      objectRef: { name: 'one' },
      responseStatus: { metadata: {}, code: 201 },
      requestObject: { kind: 'ConfigMap', metadata: { name: 'one' } },
      responseObject: { kind: 'ConfigMap', metadata: { uid: expect.any(String) } },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    expect(complete?.responseObject?.metadata?.managedFields).toBeUndefined();
  });

  it.each([
    ['GET', `${CONFIGMAPS}/kube-root-ca.crt`, 404, 'NotFound'],
    ['PUT', CONFIGMAPS, 405, 'MethodNotAllowed'],
  ])('%s %s that fails has the Status', async (method, where, code, reason) => {
    const answer = await api.send(where, { method: method as 'GET' });
    expect(eventsOf(answer).at(-1)).toMatchObject({
      stage: 'ResponseComplete',
      responseStatus: { status: 'Failure', code, reason },
      responseObject: { kind: 'Status' },
    });
  });

  it('with a patch and a list shows both', async () => {
    await api.send(CONFIGMAPS, { method: 'POST', body: configMap('patched') });
    const patched = await api.send(`${CONFIGMAPS}/patched`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { a: 'c' } },
    });
    expect(eventsOf(patched).at(-1)).toMatchObject({
      verb: 'patch',
      requestObject: { data: { a: 'c' } },
      responseObject: { data: { a: 'c' } },
    });
    const listed = await api.send(CONFIGMAPS);
    expect(eventsOf(listed).at(-1)).toMatchObject({
      verb: 'list',
      responseObject: { kind: 'ConfigMapList', items: expect.arrayContaining([]) },
    });
  });

  it('that nobody may make is told with the reason', async () => {
    const answer = await api.send(CONFIGMAPS, { headers: { 'impersonate-user': 'eve' } });
    expect(answer.status).toBe(403);
    expect(eventsOf(answer).at(-1)).toMatchObject({
      user: { username: 'troupe-admin' },
      impersonatedUser: { username: 'eve', groups: ['system:authenticated'] },
      responseStatus: { code: 403, reason: 'Forbidden' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
    });
  });

  it('of nobody is told without a user', async () => {
    const answer = await api.send(CONFIGMAPS, { token: 'wrong' });
    expect(eventsOf(answer)).toEqual([
      expect.objectContaining({
        stage: 'ResponseStarted',
        user: {},
        verb: 'list',
        responseStatus: {
          metadata: {},
          status: 'Failure',
          message: 'Authentication failed, attempted: credentials of the request',
          code: 401,
        },
      }),
    ]);
  });

  it.each([
    ['audited', 'a long and odd phrase', 200, 'audited', 'who got a session'],
    ['audited', CANARY, 401, 'audited', 'as whom somebody has tried it'],
    [CANARY, CANARY, 401, undefined, 'a name that nobody has may be a password'],
  ])('to log in as %s with %s is told: %s, of %s', async (name, password, code, told, reason) => {
    if (code === 200) await makeUser(api, name, { password });
    const answer = await tryLogin(api, name, password);
    expect(answer.status).toBe(code);
    const [received, complete] = eventsOf(answer);
    expect(received?.annotations?.['agent.wecode.io/login-user']).toBeUndefined();
    expect(complete?.annotations?.['agent.wecode.io/login-user'], reason).toBe(told);
    expect(JSON.stringify([received, complete])).not.toMatch(new RegExp(`${CANARY}|odd phrase`));
  });

  it('that the policy leaves out is not told', async () => {
    expect(eventsOf(await api.send('/livez'))).toEqual([]);
  });

  it('has the id that its client gives', async () => {
    const answer = await api.send('/version', { headers: { 'audit-id': 'mine' } });
    expect(answer.headers['audit-id']).toBe('mine');
    expect(readEvents().filter(({ auditID }) => auditID === 'mine')).toHaveLength(2);
  });
});

it('a watch is told when it begins to answer', async () => {
  {
    await using watch = await api.lines(`${CONFIGMAPS}?watch=1&timeoutSeconds=1`, { 'audit-id': 'watch' });
    while ((await watch.next()) !== undefined);
  }
  // Events are written in their order: that of a later request is behind those of the stream that has ended.
  await api.send('/version');
  const events = readEvents().filter(({ auditID }) => auditID === 'watch');
  expect(events.map(({ stage }) => stage)).toEqual([
    'RequestReceived',
    'ResponseStarted',
    'ResponseComplete',
  ]);
  expect(events.at(-1)).toMatchObject({ verb: 'watch', responseStatus: { code: 200 } });
});

describe('secrets', () => {
  const SECRETS = '/api/v1/namespaces/default/secrets';
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'canary', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': CANARY } },
    stringData: { key: CANARY },
  };
  const AGENTS = '/apis/agent.wecode.io/v1/namespaces/default';
  const model = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Model',
    metadata: { name: 'canary' },
    spec: { modelConfig: { env: { model: 'claude', api_key: CANARY } } },
  };
  const workspace = {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Workspace',
    metadata: { name: 'canary' },
    spec: { repository: { gitUrl: `https://user:${CANARY}@git.example/x.git` } },
  };
  const patch = { 'content-type': 'application/json-patch+json' };

  it('are in no event, whatever is done with them', async () => {
    const before = readEvents().length;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: CANARY } };
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'canary' } };
    await api.send('/api/v1/namespaces/default/serviceaccounts', { method: 'POST', body: account });
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const issued = await api.send('/api/v1/namespaces/default/serviceaccounts/canary/token', {
      method: 'POST',
      body: request,
    });
    const { token } = (issued.json() as unknown as { status: { token: string } }).status;
    const sent = [
      await api.send(SECRETS, { method: 'POST', body: secret }),
      await api.send(SECRETS, { method: 'POST', body: { ...secret, data: { key: `${CANARY}!` } } }),
      await api.send(SECRETS),
      await api.send(`${SECRETS}/canary`),
      await api.send(`${SECRETS}/canary`, {
        headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' },
      }),
      await api.send(`${SECRETS}/canary`, {
        method: 'PATCH',
        headers: patch,
        body: [{ op: 'add', path: `/data/${CANARY}/x`, value: CANARY }],
      }),
      await api.send(`${SECRETS}/canary`, { method: 'DELETE' }),
      await api.send(`${AGENTS}/models`, { method: 'POST', body: model }),
      await api.send(`${AGENTS}/models`, { method: 'POST', body: { ...model, spec: { protocol: CANARY } } }),
      await api.send(`${AGENTS}/models/canary`),
      await api.send(`${AGENTS}/workspaces`, { method: 'POST', body: workspace }),
      await api.send('/api/v1/namespaces/default/models', {
        method: 'POST',
        body: { ...model, metadata: { name: 'rest' } },
      }),
      await api.send('/api/v1/namespaces/default/apply', { method: 'POST', body: [model, workspace] }),
      await api.send('/apis/authentication.k8s.io/v1/tokenreviews', { method: 'POST', body: review }),
      await api.send(`/version?token=${CANARY}&access_token=${CANARY}`),
      await api.send('/version', { headers: { authorization: `Bearer ${CANARY}` } }),
      await api.send('/version', { headers: { authorization: `Bearer ${token}` } }),
    ];
    expect(readEvents().length).toBeGreaterThan(before + sent.length);
    expect(sent.filter(({ text }) => text.includes(CANARY)).length, 'answers have it').toBeGreaterThan(0);
    const log = readFileSync(logFile, 'utf8');
    for (const canary of [CANARY, Buffer.from(CANARY).toString('base64'), token, api.token]) {
      expect(log).not.toContain(canary);
    }
    expect(eventsOf(sent[0] as never).at(-1)).toMatchObject({
      level: 'Metadata',
      objectRef: { resource: 'secrets', name: 'canary' },
      responseStatus: { code: 201 },
    });
  });
});

describe('a webhook', () => {
  it('gets events in lists, with the token of its kubeconfig', async () => {
    const lists: { headers: Record<string, unknown>; body: string }[] = [];
    let failures = 1;
    const arrived = Promise.withResolvers<void>();
    await using server = await httpService((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      request.on('end', () => {
        failures -= 1;
        response.writeHead(failures >= 0 ? 503 : 200).end();
        if (failures >= 0) return;
        lists.push({ headers: request.headers, body });
        arrived.resolve();
      });
    });
    const configFile = path.join(folder, 'webhook.yaml');
    writeFileSync(
      configFile,
      JSON.stringify({
        clusters: [{ name: 'sink', cluster: { server: `${server.url}/events` } }],
        users: [{ name: 'us', user: { token: 'token-of-the-webhook' } }],
        contexts: [{ name: 'c', context: { cluster: 'sink', user: 'us' } }],
        'current-context': 'c',
      }),
    );
    const webhook = { configFile, batchWaitMs: 1, initialBackoffMs: 1 };
    {
      await using other = await testApi({ audit: { policyFile, webhook } });
      await other.send('/version', { headers: { 'audit-id': 'to-the-webhook' } });
      await arrived.promise;
    }
    const [first] = lists;
    expect(first?.headers['authorization']).toBe('Bearer token-of-the-webhook');
    const all = lists.flatMap(({ body }) => (JSON.parse(body) as { items: AuditEvent[] }).items);
    expect(JSON.parse(first?.body ?? '')).toMatchObject({ kind: 'EventList', apiVersion: 'audit.k8s.io/v1' });
    expect(all.filter(({ auditID }) => auditID === 'to-the-webhook').map(({ stage }) => stage)).toEqual([
      'RequestReceived',
      'ResponseComplete',
    ]);
  });
});

describe('a log that cannot be written', () => {
  // Linux says that it is full whenever somebody writes.
  const file = '/dev/full';

  it('stops nobody', async () => {
    await using other = await testApi({ audit: { policyFile, log: { file, mode: 'blocking' } } });
    expect((await other.send('/version')).status).toBe(200);
    const { text } = await other.send('/metrics');
    expect(text).toMatch(/apiserver_audit_error_total\{plugin="log"\} [1-9]/);
    expect(text).toMatch(/troupe_audit_delivery_failures_total\{plugin="log"\} [1-9]/);
    expect(text).toContain('apiserver_audit_requests_rejected_total 0');
  });

  it('stops everybody, where that is wanted', async () => {
    await using other = await testApi({ audit: { policyFile, log: { file, mode: 'blocking-strict' } } });
    const answer = await other.send('/version');
    expect(answer.status).toBe(500);
    expect(answer.json()).toMatchObject({ message: 'failed to store audit event' });
    expect((await other.send('/livez')).status, 'what is not written down').toBe(200);
  });
});

describe('a server does not start', () => {
  it.each([
    ['without a policy', { log: { file: '-' } }, /--audit-policy-file says what is written/],
    ['with a policy that nothing is written by', { policyFile: 'given' }, /needs --audit-log-path or/],
    ['with a file that is not a policy', { policyFile: '/dev/null', log: { file: '-' } }, /failed decoding/],
  ])('%s', async (_, audit, message) => {
    const given = {
      ...audit,
      ...('policyFile' in audit && audit.policyFile === 'given' ? { policyFile } : {}),
    };
    await expect(testApi({ audit: given })).rejects.toThrow(message);
  });
});
