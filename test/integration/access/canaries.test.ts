import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '#api/client/connect';
import { systemClock } from '#api/machinery/clock';
import { startControllers } from '#controllers/main';
import { testApi } from '../../kit/api.ts';
import type { ApiRequest, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import { databaseBytes } from '../../kit/database-bytes.ts';
import { httpService } from '#dev/environment/http-service';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';
import type { RecordingLogger } from '../../kit/recording-logger.ts';
import { canary, foundIn, HERE, HOLDERS, MODEL, OWN, own, planted, SECRET, TEAM } from './planted.ts';
import type { Planted } from './planted.ts';

/**
 * A word that is found nowhere else stands in every place that may hold a credential. Then everything that leaves the
 * server is searched for these words.
 */

let api: TestApi;
let logger: RecordingLogger;
let folder: string;
/** The bodies that an audit webhook got. */
const webhookBodies: string[] = [];
const started = new AsyncDisposableStack();

beforeAll(async () => {
  logger = recordingLogger();
  folder = started.use(await temporaryFolder('canaries')).path;
  api = started.use(await testApi({ logger, audit: await auditEverything() }));
  planted.push(api.token);
  const connection = await connect({ kubeconfig: api.kubeconfig });
  started.defer(() => connection.close());
  const manager = await startControllers({ client: connection.client, logger, clock: systemClock });
  started.defer(() => manager.stop());
  for (const { path, body } of [...HOLDERS, ...TEAM]) {
    expect((await api.send(path, { method: 'POST', body })).text).not.toContain('"Failure"');
  }
  await bindSpy();
  await startedTask();
});

afterAll(() => started.disposeAsync());

/** All that the log and the webhook can be told. */
async function auditEverything() {
  const policyFile = path.join(folder, 'policy.yaml');
  await writeFile(
    policyFile,
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{ level: RequestResponse }]\n',
  );
  const service = await httpService((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      webhookBodies.push(Buffer.concat(chunks).toString());
      response.end();
    });
  });
  started.use(service);
  const configFile = path.join(folder, 'webhook.yaml');
  const config = {
    clusters: [{ name: 'c', cluster: { server: `${service.url}/` } }],
    users: [{ name: 'c', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    'current-context': 'c',
  };
  await writeFile(configFile, JSON.stringify(config));
  const log = { file: path.join(folder, 'audit.log'), mode: 'blocking' } as const;
  return { policyFile, log, webhook: { configFile, mode: 'blocking' } as const };
}

/** Reads all that may be read, but no Secrets. */
async function bindSpy(): Promise<void> {
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const meta = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'spy' } };
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'use'];
  const groups = ['agent.wecode.io', 'apiextensions.k8s.io', 'coordination.k8s.io', 'events.k8s.io'];
  const rules = [
    { verbs, apiGroups: groups, resources: ['*'] },
    {
      verbs,
      apiGroups: [''],
      resources: ['configmaps', 'events', 'namespaces', 'pods', 'pods/log', 'serviceaccounts'],
    },
    { verbs: ['get'], nonResourceURLs: ['*'] },
  ];
  const role = { ...meta, kind: 'ClusterRole', rules };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'spy' };
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'spy' }];
  const binding = { ...meta, kind: 'ClusterRoleBinding', roleRef, subjects };
  await api.send(`${rbac}/clusterroles`, { method: 'POST', body: role });
  await api.send(`${rbac}/clusterrolebindings`, { method: 'POST', body: binding });
}

/** A Sandbox was made: all that a Task copies is copied. */
async function startedTask(): Promise<void> {
  await using lines = await api.lines(`${OWN}/v1alpha1/${HERE}/sandboxes?watch=true&resourceVersion=0`);
  expect(await lines.next()).toContain('"kind":"Sandbox"');
}

/** @returns the text and the code, as one that may be searched */
async function read(path: string, request: ApiRequest = {}): Promise<string> {
  const headers = { 'impersonate-user': 'spy', ...request.headers };
  const { status, text } = await api.send(path, { ...request, headers });
  return `${status} ${text}`;
}

const SPY_ACCOUNT = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: spy-account }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: spy }
subjects: [{ kind: ServiceAccount, namespace: default, name: spy }]
`;

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const PARTIAL = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io';

interface Discovered {
  resources: { name: string; verbs: string[] }[];
}

/** Collections that can be listed, of all groups. */
async function collections(): Promise<string[]> {
  const versions = ['/api/v1'];
  const groups = (await api.send('/apis')).json() as unknown as {
    groups: { versions: { groupVersion: string }[] }[];
  };
  for (const { versions: its } of groups.groups)
    versions.push(...its.map(({ groupVersion }) => `/apis/${groupVersion}`));
  const found: string[] = [];
  for (const version of versions) {
    const { resources } = (await api.send(version)).json() as unknown as Discovered;
    found.push(
      ...resources.filter(({ verbs }) => verbs.includes('list')).map(({ name }) => `${version}/${name}`),
    );
  }
  return found;
}

async function searchCollection(collection: string): Promise<void> {
  for (const accept of ['application/json', TABLE, PARTIAL, 'application/yaml']) {
    const text = await read(`${collection}?includeObject=Object`, { headers: { accept } });
    expect(foundIn(text), `${collection} as ${accept}`).toEqual([]);
  }
  const watch = `${collection}?watch=true&resourceVersion=0&timeoutSeconds=1&includeObject=Object`;
  expect(foundIn(await read(watch)), watch).toEqual([]);
}

describe('no credential leaves the server', () => {
  it('where all of them are there', async () => {
    const texts = await Promise.all(
      HOLDERS.map(({ path, body }) =>
        api.send(`${path}/${(body as { metadata: { name: string } }).metadata.name}`),
      ),
    );
    const all = texts.map(({ text }) => text).join('');
    expect(foundIn(all).length).toBe(planted.length - 1);
  });

  it('by lists, Tables, YAML, metadata and watches', async () => {
    const all = await collections();
    expect(all.length).toBeGreaterThan(20);
    await Promise.all(all.map((collection) => searchCollection(collection)));
  });

  it('by reads and writes of one object, in any form', async () => {
    for (const { path, body } of HOLDERS.filter((one) => one !== SECRET)) {
      const { metadata, ...rest } = body as { metadata: { name: string }; apiVersion: string; kind: string };
      const where = `${path}/${metadata.name}`;
      const type = (form: string) => ({ 'content-type': `application/${form}` });
      const label = { metadata: { labels: { a: 'b' } } };
      const texts = [
        await read(where),
        await read(where, { headers: { accept: 'application/yaml' } }),
        await read(`${where}?pretty=true`),
        await read(where, { method: 'PATCH', headers: type('merge-patch+json'), body: label }),
        await read(`${where}?dryRun=All`, {
          method: 'PATCH',
          headers: type('merge-patch+json'),
          body: label,
        }),
        await read(`${where}?fieldManager=spy`, {
          method: 'PATCH',
          headers: type('apply-patch+yaml'),
          body: { apiVersion: rest.apiVersion, kind: rest.kind, ...label },
        }),
        await read(where, {
          method: 'PATCH',
          headers: type('json-patch+json'),
          body: [{ op: 'copy', from: '/spec', path: '/metadata/annotations/x' }],
        }),
        await read(`${where}/status`),
        await read(where, { method: 'PUT', body: JSON.parse((await read(where)).slice(4)) as object }),
      ];
      for (const [index, text] of texts.entries()) expect(foundIn(text), `${where} ${index}`).toEqual([]);
      expect(
        texts.map((text) => text.slice(0, 3)),
        where,
      ).toEqual(['200', '200', '200', '200', '200', '200', '422', '200', '200']);
    }
  });

  it('by the paths for people who do not speak Kubernetes', async () => {
    for (const where of ['models/model', 'ghosts/ghost', 'workspaces/workspace']) {
      const path = `/api/v1/namespaces/default/${where}`;
      const one = await read(path);
      const all = await read(path.slice(0, path.lastIndexOf('/')));
      const body = JSON.parse(one.slice(4)) as object;
      const texts = [one, all, await read(path, { method: 'PUT', body })];
      expect(texts.map((text) => [text.slice(0, 3), foundIn(text)])).toEqual(texts.map(() => ['200', []]));
    }
  });

  it('by errors', async () => {
    const bad = (field: string): unknown => canary(`bad-${field}`);
    const url = `https://user:${canary('bad-url')}@h/`;
    const attempts: [Planted, string][] = [
      [own('MCPServer', 'bad', { transport: { http: { url } } }, 'v1alpha1'), '422'],
      [
        own(
          'MCPServer',
          'bad',
          { transport: { stdio: { command: 'c', env: [{ name: '!', value: bad('env') }] } } },
          'v1alpha1',
        ),
        '422',
      ],
      [own('Ghost', 'bad', { systemPrompt: 'p', mcpServers: { m: bad('server') } }), '422'],
      [
        own('Model', 'bad', { modelConfig: { env: { api_key: bad('key') } }, costIndex: 1, modelType: 'x' }),
        '422',
      ],
      [own('Model', 'bad', { modelConfig: bad('config') }), '422'],
      [own('Model', 'bad', { secretRef: bad('reference'), modelConfig: { api_key: bad('other') } }), '422'],
    ];
    for (const [{ path, body }, code] of attempts) {
      const text = await read(path, { method: 'POST', body });
      expect([text.slice(0, 3), foundIn(text)], JSON.stringify(body)).toEqual([code, []]);
    }
    const conflict = await read(`${MODEL.path}/model?fieldManager=other`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: {
        ...{ apiVersion: 'agent.wecode.io/v1', kind: 'Model' },
        spec: { modelConfig: { env: { api_key: canary('conflict') } } },
      },
    });
    expect([conflict.slice(0, 3), foundIn(conflict)]).toEqual(['409', []]);
  });

  it('by metrics and other paths', async () => {
    for (const path of ['/metrics', '/openapi/v2', '/openapi/v3', '/api', '/apis', '/readyz?verbose']) {
      expect(foundIn(await read(path)), path).toEqual([]);
    }
  });

  it('by a log, at any level', () => {
    expect(logger.lines.length).toBeGreaterThan(0);
    expect(foundIn(logger.lines.join('\n'))).toEqual([]);
  });

  it('by the commands of troupe', async () => {
    const file = path.join(folder, 'kubeconfig');
    await serviceAccountKubeconfig({ kubeconfig: api.kubeconfig, file, name: 'spy', rights: SPY_ACCOUNT });
    const { troupe } = commandsFor(file);
    const manifest = path.join(folder, 'model.yaml');
    await writeFile(manifest, JSON.stringify(MODEL.body));
    const said = await Promise.all(
      [
        ...[
          'models',
          'ghosts',
          'mcpservers',
          'workspaces',
          'skills',
          'tasks',
          'sandboxes',
          'taskrevisions',
        ].flatMap((type) => [
          ['get', type, '-o', 'yaml'],
          ['get', type, '-o', 'wide'],
          ['describe', type],
        ]),
        ['get', 'secrets', '-o', 'yaml'],
        ['logs', 'task'],
        ['delete', 'model', 'model'],
        ['whoami'],
        ['backup', '-o', path.join(folder, 'stolen')],
        ['apply', '-f', manifest],
      ].map((args) => troupe(args)),
    );
    const text = said.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    expect(text).toContain('forbidden');
    expect(text).toContain('kind: Ghost');
    expect(foundIn(text)).toEqual([]);
  });

  // After all the others, so that all they did is told.
  it('by an audit log or webhook that is told everything', async () => {
    const log = await readFile(path.join(folder, 'audit.log'), 'utf8');
    const told = (resource: string): boolean => log.includes(`"objectRef":{"resource":"${resource}"`);
    expect(['models', 'secrets', 'workspaces', 'tasks', 'sandboxes', 'configmaps'].filter(told)).toHaveLength(
      6,
    );
    expect(log).toContain('"requestObject"');
    expect(log).toContain('"responseObject"');
    expect(foundIn(log)).toEqual([]);
    expect(webhookBodies.length).toBeGreaterThan(0);
    expect(foundIn(webhookBodies.join('\n'))).toEqual([]);
  });

  it('in clear by a backup, or by the files of the database', async () => {
    const file = path.join(api.dataDir, 'backup');
    await commandsFor(api.kubeconfig).mustTroupe(['backup', '-o', file]);
    const bytes = gunzipSync(await readFile(file)).toString('latin1');
    const plain = foundIn(bytes + (await databaseBytes(api.dataDir)));
    // Shells, Workspaces and Skills are not encrypted: with a credential they are never ready.
    expect(plain.map((word) => word.split('-').slice(1, 3).join(' ')).sort()).toEqual([
      'command 15',
      'git password',
      'option 17',
      'shell env',
      'skill token',
    ]);
  });
});
