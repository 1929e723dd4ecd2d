import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { auditedApi, auditEvents } from '../../kit/audited-api.ts';
import type { AuditedApi } from '../../kit/audited-api.ts';

/** A change of a file is noticed by an event of the file system. */
const WAIT = { timeout: 20_000, interval: 50 };
const BOT = { ghostRef: { name: 'g' }, shellRef: { name: 's' }, modelRef: { name: 'm' } };
const CONFIGMAPS = '/api/v1/namespaces/default/configmaps';
const stack = new AsyncDisposableStack();
let audited: AuditedApi;
let api: TestApi;
let folder: string;
let policyFile: string;

beforeAll(async () => {
  audited = stack.use(await auditedApi());
  ({ api, folder, policyFile } = audited);
});
afterAll(() => stack.disposeAsync());

const eventsOf: AuditedApi['eventsOf'] = (answer) => audited.eventsOf(answer);

describe('a request to paths that do not speak Kubernetes', () => {
  const REST = '/api/v1/namespaces/default';
  const OWN = { apiVersion: 'agent.wecode.io/v1' };
  const team = (name: string, bot = 'helper', collaborationModel = 'solo') => ({
    ...OWN,
    kind: 'Team',
    metadata: { name },
    spec: { collaborationModel, members: [{ botRef: { name: bot } }] },
  });

  beforeAll(async () => {
    const bot = { ...OWN, kind: 'Bot', metadata: { name: 'helper' }, spec: BOT };
    const where = '/apis/agent.wecode.io/v1/namespaces/default/bots';
    expect((await api.send(where, { method: 'POST', body: bot })).status).toBe(201);
  });

  it('has the kind that it stands for, and both objects', async () => {
    const answer = await api.send(`${REST}/teams`, { method: 'POST', body: team('rest') });
    expect(eventsOf(answer).at(-1)).toMatchObject({
      verb: 'create',
      objectRef: { apiGroup: 'agent.wecode.io', resource: 'teams', namespace: 'default', name: 'rest' },
      requestObject: { kind: 'Team' },
      responseObject: { kind: 'Team', metadata: { uid: expect.any(String) } },
      responseStatus: { code: 201 },
    });
    const deleted = await api.send(`${REST}/teams/rest`, { method: 'DELETE' });
    expect(eventsOf(deleted).at(-1)).toMatchObject({ verb: 'delete', responseObject: { kind: 'Team' } });
  });

  it('of administrators has the kind, and both objects', async () => {
    const body = { metadata: { name: 'ann' }, spec: {} };
    const answer = await api.send('/api/v1/admin/users', { method: 'POST', body });
    expect(eventsOf(answer).at(-1)).toMatchObject({
      verb: 'create',
      objectRef: { apiGroup: 'agent.wecode.io', resource: 'users', name: 'ann' },
      requestObject: { metadata: { name: 'ann' } },
      responseObject: { kind: 'User', metadata: { name: 'ann' } },
    });
  });

  it('with a batch is told of each object, too, under one ID', async () => {
    const kept = team('batch');
    await api.send(`${REST}/teams`, { method: 'POST', body: kept });
    const body = [
      team('batch', 'helper', 'pipeline'),
      team('new'),
      team('lonely', 'nobody'),
      { kind: 'Pod', metadata: {} },
    ];
    const answer = await api.send(`${REST}/apply`, {
      method: 'POST',
      body,
      headers: { 'audit-id': 'batch' },
    });
    expect(answer.json()).toMatchObject({ message: 'Applied 2/4 resources' });
    const events = eventsOf(answer);
    const item = (index: string, verb: string, code: number, path = 'apply') => ({
      level: 'RequestResponse',
      stage: 'ResponseComplete',
      requestURI: `${REST}/${path}`,
      verb,
      responseStatus: { code },
      annotations: { 'agent.wecode.io/batch-item': index, 'authorization.k8s.io/decision': 'allow' },
    });
    expect(events).toMatchObject([
      { stage: 'RequestReceived', verb: 'post' },
      {
        ...item('0', 'update', 200),
        objectRef: { resource: 'teams', name: 'batch' },
        requestObject: { spec: { collaborationModel: 'pipeline' } },
        responseObject: { metadata: { uid: expect.any(String) } },
      },
      { ...item('1', 'create', 201), objectRef: { resource: 'teams', name: 'new' } },
      {
        ...item('2', 'create', 404),
        objectRef: { resource: 'teams', name: 'lonely' },
        responseObject: { kind: 'Status', reason: 'NotFound' },
      },
      { stage: 'ResponseComplete', verb: 'post', responseStatus: { code: 200 } },
    ]);
    expect(events.at(-1)?.objectRef).toBeUndefined();
    const removed = await api.send(`${REST}/delete`, { method: 'POST', body: [kept] });
    expect(eventsOf(removed)).toMatchObject([
      {},
      { ...item('0', 'delete', 200, 'delete'), objectRef: { resource: 'teams', name: 'batch' } },
      {},
    ]);
  });

  it('with a batch is told of each object that its user may not write', async () => {
    const everybody = { 'impersonate-user': 'eve' };
    const rules = [{ verbs: ['post'], nonResourceURLs: [`${REST}/apply`] }];
    const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'batches' } };
    const rbac = '/apis/rbac.authorization.k8s.io/v1';
    await api.send(`${rbac}/clusterroles`, { method: 'POST', body: { ...meta, kind: 'ClusterRole', rules } });
    const binding = {
      ...{ ...meta, kind: 'ClusterRoleBinding' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'batches' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
    };
    await api.send(`${rbac}/clusterrolebindings`, { method: 'POST', body: binding });
    const answer = await api.send(`${REST}/apply`, {
      ...{ method: 'POST', headers: everybody, body: [team('hers')] },
    });
    expect(eventsOf(answer)[1]).toMatchObject({
      user: { username: 'troupe-admin' },
      impersonatedUser: { username: 'eve' },
      objectRef: { resource: 'teams', name: 'hers' },
      annotations: { 'authorization.k8s.io/decision': 'forbid' },
      responseStatus: { code: 403 },
    });
  });
});

it.each([
  ['a part of an object', 'POST', '/tasks/asking/answers', { answers: [] }],
  ['a log', 'POST', '/tasks/asking/log', { uid: 'x', events: [] }],
  ['a deletion', 'DELETE', '/tasks/asking', { propagationPolicy: 'Background' }],
  ['a deletion of many', 'DELETE', '/tasks', { kind: 'DeleteOptions', apiVersion: 'v1' }],
])('%s has what was sent and what came back', async (_, method, where, body) => {
  const answer = await api.send(`/apis/agent.wecode.io/v1/namespaces/default${where}`, {
    method: method as 'POST',
    body,
  });
  const [, , subresource] = where.split('/').slice(1);
  expect(eventsOf(answer).at(-1)).toMatchObject({
    objectRef: { resource: 'tasks', ...(subresource === undefined ? {} : { subresource }) },
    requestObject: body,
    responseObject: { kind: expect.any(String) },
  });
});

describe('a policy that changes', () => {
  const reloads = async (other: TestApi, status: string): Promise<number> => {
    const { text } = await other.send('/metrics');
    const [, count = ''] = new RegExp(
      `^troupe_audit_policy_reloads_total{status="${status}"} (.*)$`,
      'm',
    ).exec(text) ?? ['', 'missing'];
    return Number(count);
  };

  it('counts from then on; one that makes no sense changes nothing', async () => {
    const file = path.join(folder, 'changing.yaml');
    const log = { file: path.join(folder, 'changing.log'), mode: 'blocking' } as const;
    const says = (level: string): string =>
      `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: ${level} }]\n`;
    writeFileSync(file, says('None'));
    await using other = await testApi({ audit: { policyFile: file, log } });
    await other.send('/version');
    expect(auditEvents(log.file)).toEqual([]);
    // Replaced as editors and mounts do it, so that nobody reads half of it.
    writeFileSync(`${file}.new`, says('Metadata'));
    renameSync(`${file}.new`, file);
    await vi.waitFor(async () => expect(await reloads(other, 'success')).toBe(1), WAIT);
    await other.send('/version', { headers: { 'audit-id': 'after' } });
    writeFileSync(`${file}.new`, says('Everything'));
    renameSync(`${file}.new`, file);
    await vi.waitFor(async () => expect(await reloads(other, 'failure')).toBe(1), WAIT);
    await other.send('/version', { headers: { 'audit-id': 'still' } });
    const told = auditEvents(log.file).map(({ auditID }) => auditID);
    expect(told).toEqual(expect.arrayContaining(['after', 'still']));
  });
});

it('a file that is begun often, while many requests come, has the events of all', async () => {
  const rotated = path.join(folder, 'rotated');
  mkdirSync(rotated);
  const ids = Array.from({ length: 400 }, (_, index) => `rotated-${index}`);
  {
    const log = { file: path.join(rotated, 'audit.log'), maxBytes: 20_000 };
    await using other = await testApi({ audit: { policyFile, log } });
    await Promise.all(ids.map((id) => other.send(CONFIGMAPS, { headers: { 'audit-id': id } })));
  }
  const files = readdirSync(rotated);
  const told = files.flatMap((name) => auditEvents(path.join(rotated, name)));
  expect(files.length).toBeGreaterThan(10);
  const ours = told.filter(({ auditID }) => auditID.startsWith('rotated-'));
  expect(ours.map(({ auditID, stage }) => `${auditID} ${stage}`).toSorted()).toEqual(
    ids.flatMap((id) => [`${id} RequestReceived`, `${id} ResponseComplete`]).toSorted(),
  );
});
