import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { systemClock } from '#api/machinery/clock';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { whoIs } from '../../kit/whoami.ts';

/** Another server stands for the cluster: it answers TokenRequests and TokenReviews as kube-apiserver does. */
const stack = new AsyncDisposableStack();
let cluster: TestApi;
let api: TestApi;
let ahead = 0;

const AUDIENCE = 'https://troupe.internal';
const ACCOUNTS = '/api/v1/namespaces/default/serviceaccounts';

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('cluster')).path;
  cluster = stack.use(await testApi());
  // Its token is in a file, as that of a Pod is.
  await writeFile(path.join(folder, 'token'), cluster.token);
  const kubeconfigFile = path.join(folder, 'kubeconfig');
  const ca = Buffer.from(cluster.caCertificate).toString('base64');
  await writeFile(
    kubeconfigFile,
    stringify({
      'current-context': 'one',
      clusters: [{ name: 'one', cluster: { server: cluster.url, 'certificate-authority-data': ca } }],
      users: [{ name: 'one', user: { tokenFile: 'token' } }],
      contexts: [{ name: 'one', context: { cluster: 'one', user: 'one' } }],
    }),
  );
  const account = (name: string) => ({ namespace: 'default', name });
  api = stack.use(
    await testApi({
      clock: { ...systemClock, now: () => Date.now() + ahead },
      authentication: {
        clusterAccounts: {
          kubeconfigFile,
          accounts: [
            {
              cluster: account('brains'),
              process: { namespace: 'kube-system', name: 'troupe-controllers' },
            },
            { cluster: account('hands'), process: { namespace: 'troupe-executors', name: 'pods' } },
          ],
        },
      },
    }),
  );
  for (const name of ['brains', 'hands', 'stranger']) {
    const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } };
    await cluster.send(ACCOUNTS, { method: 'POST', body });
  }
});
afterAll(() => stack.disposeAsync());

async function tokenOf(name: string, audience = AUDIENCE): Promise<string> {
  const answer = await cluster.send(`${ACCOUNTS}/${name}/token`, {
    method: 'POST',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience], expirationSeconds: 3600 },
    },
  });
  return (answer.json() as unknown as { status: { token: string } }).status.token;
}

describe('a ServiceAccount of the cluster', () => {
  it('that runs the controllers has their rights, without a credential of its own', async () => {
    const token = await tokenOf('brains');
    expect(await whoIs(api, token)).toMatchObject({
      username: 'system:serviceaccount:kube-system:troupe-controllers',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
    });
    const tasks = '/apis/agent.wecode.io/v1/tasks';
    expect((await api.send(tasks, { token })).status).toBe(200);
  });

  it('that runs an executor is that Executor alone', async () => {
    const token = await tokenOf('hands');
    expect(await whoIs(api, token)).toMatchObject({
      username: 'system:serviceaccount:troupe-executors:pods',
    });
    const create = (name: string): Promise<{ status: number }> =>
      api.send('/apis/agent.wecode.io/v1alpha1/executors', {
        method: 'POST',
        token,
        body: { apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Executor', metadata: { name }, spec: {} },
      });
    expect((await create('other')).status).toBe(403);
    expect((await create('pods')).status).toBe(201);
  });

  it.each([
    ['is not named', () => tokenOf('stranger')],
    ['shows a token for somebody else', () => tokenOf('brains', 'https://vault.example.com')],
    [
      'is only claimed: the payload is that of another token',
      async () => {
        const [head = '', , signature = ''] = (await tokenOf('stranger')).split('.');
        const [, payload = ''] = (await tokenOf('brains')).split('.');
        return [head, payload, signature].join('.');
      },
    ],
    ['is the owner of the cluster', () => Promise.resolve(cluster.token)],
  ])('that %s is nobody here', async (_reason, token) => {
    expect(await whoIs(api, await token())).toBe(401);
  });

  it('that was deleted is believed for a minute at most', async () => {
    const token = await tokenOf('brains');
    expect(await whoIs(api, token)).not.toBe(401);
    expect((await cluster.send(`${ACCOUNTS}/brains`, { method: 'DELETE' })).status).toBe(200);
    ahead = 61_000;
    expect(await whoIs(api, token)).toBe(401);
  });
});

it('needs a cluster that it can ask', async () => {
  await expect(testApi({ authentication: { clusterAccounts: { accounts: [] } } })).rejects.toThrow(
    '--cluster-account needs --cluster-kubeconfig, or to run in a Pod with a ServiceAccount',
  );
});
