import { hash } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { answerOf, connectPod, execPath } from '../../kit/pod-client.ts';
import type { PodConnect } from '../../kit/pod-client.ts';
import { podExecutor } from '../../kit/pod-executor.ts';
import { PodPrograms } from '../../kit/pod-programs.ts';

/** Each stream of a Pod takes a right of its own. */
const POD = 'box';
const PATH = `/api/v1/namespaces/default/pods/${POD}`;
const programs = new PodPrograms();
const stack = new AsyncDisposableStack();
let api: TestApi;

beforeAll(async () => {
  api = stack.use(await testApi());
  stack.use(await podExecutor(api, { name: POD, exec: programs.exec }));
});
afterAll(() => stack.disposeAsync());

const ROLES = '/apis/rbac.authorization.k8s.io/v1/namespaces/default';
const RBAC = 'rbac.authorization.k8s.io';

/** Gives a user some rights in the namespace default. */
async function grant(user: string, rules: readonly object[]): Promise<void> {
  const metadata = { name: user };
  const all = [{ apiGroups: [''], ...{ resources: ['pods'], verbs: ['get'] } }, ...rules];
  const subjects = [{ apiGroup: RBAC, kind: 'User', name: user }];
  const roleRef = { apiGroup: RBAC, kind: 'Role', name: user };
  for (const [plural, body] of [
    ['roles', { kind: 'Role', metadata, rules: all }],
    ['rolebindings', { kind: 'RoleBinding', metadata, subjects, roleRef }],
  ] as const) {
    const object = { apiVersion: `${RBAC}/v1`, ...body };
    expect((await api.send(`${ROLES}/${plural}`, { method: 'POST', body: object })).status).toBe(201);
  }
}

const as = (user: string): PodConnect => ({ headers: { 'impersonate-user': user } });

describe('the rights to streams', () => {
  const ALL = ['log', 'exec', 'attach', 'portforward'];

  it.each([
    ['pods', ['create', 'get'], []],
    ['pods/log', ['get'], ['log']],
    ['pods/exec', ['get', 'create'], ['exec']],
    ['pods/attach', ['get', 'create'], ['attach']],
    ['pods/portforward', ['get', 'create'], ['portforward']],
    // Who may only read gets no shell by the GET of a WebSocket (KEP-5471), and GET takes the verb get as well.
    ['pods/exec', ['get', 'list', 'watch'], []],
    ['pods/attach', ['get'], []],
    ['pods/portforward', ['get'], []],
    ['pods/exec', ['create'], []],
    ['*/exec', ['*'], ['exec']],
    ['*', ['*'], ALL],
  ] as [string, string[], string[]][])('%s with %j give %j', async (resource, verbs, allowed) => {
    const user = `user-${hash('sha256', `${resource} ${verbs.join(' ')}`, 'hex').slice(0, 12)}`;
    await grant(user, [{ apiGroups: [''], resources: [resource], verbs }]);
    const { headers = {} } = as(user);
    const found: string[] = [];
    const log = await api.send(`${PATH}/log`, { headers });
    if (log.status === 200) found.push('log');
    for (const kind of ['exec', 'attach', 'portforward']) {
      const protocols = kind === 'portforward' ? [] : ['v5.channel.k8s.io'];
      const socket = connectPod({ api, pod: POD }, `${kind}?stdout=true&command=true`, {
        protocols,
        headers,
      });
      const [status, text] = await answerOf(socket);
      if (status === 403) expect(text).toContain(`cannot`);
      else found.push(kind);
      socket.terminate();
    }
    expect(found).toEqual(allowed);
  });

  it('end a stream, and its program, when they are taken away', async () => {
    await grant('leaver', [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] }]);
    const before = programs.letGo.size;
    const socket = connectPod({ api, pod: POD }, execPath('endless'), as('leaver'));
    await once(socket, 'message');
    const ended = once(socket, 'close');
    await api.send(`${ROLES}/rolebindings/leaver`, { method: 'DELETE' });
    await ended;
    await vi.waitUntil(() => programs.letGo.size > before);
    expect((await answerOf(connectPod({ api, pod: POD }, execPath('true'), as('leaver'))))[0]).toBe(403);
  });
});
