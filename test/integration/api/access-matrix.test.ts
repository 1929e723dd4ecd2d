import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiRequest, TestApi } from '../../kit/api.ts';

/**
 * Every verb on every resource and subresource for every default role, as requests to a real server. The expected
 * answer is read from the roles as the server shows them, by rules written down here again.
 */

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
/** Of no object: what is allowed finds nothing, or does not understand the empty body. */
const NAME = 'nobody-has-made-this';
const ROLES = ['admin', 'edit', 'view', 'system:basic-user', 'system:auth-delegator', 'system:discovery'];

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
}
interface Served {
  group: string;
  prefix: string;
  /** Such as `tasks` or `tasks/log`. */
  name: string;
  namespaced: boolean;
  verbs: string[];
}

let api: TestApi;
let served: Served[];
const rules = new Map<string, Rule[]>();

beforeAll(async () => {
  api = await testApi();
  for (const role of ROLES) {
    const { rules: found } = (await read(`${RBAC}/clusterroles/${role}`)) as { rules: Rule[] };
    rules.set(role, found);
    const subjects = [{ kind: 'User', name: `has-${role}` }];
    const body = { metadata: { name: role }, roleRef: { kind: 'ClusterRole', name: role }, subjects };
    const path = `${RBAC}/namespaces/default/rolebindings`;
    expect((await api.send(path, { method: 'POST', body })).status).toBe(201);
  }
  // The rights of all who have logged in come from bindings for the whole cluster.
  rules.set('everybody', [
    ...(rules.get('system:basic-user') ?? []),
    ...(rules.get('system:discovery') ?? []),
  ]);
  served = await servedResources();
  expect(served.length).toBeGreaterThan(50);
});
afterAll(() => api[Symbol.asyncDispose]());

async function read(path: string): Promise<unknown> {
  return (await api.send(path)).json();
}

async function servedResources(): Promise<Served[]> {
  const { groups } = (await read('/apis')) as { groups: { preferredVersion: { groupVersion: string } }[] };
  const own = groups.map(({ preferredVersion: { groupVersion } }) => groupVersion);
  const more = ['agent.wecode.io/v1', 'agent.wecode.io/v1alpha1'];
  const prefixes = ['/api/v1', ...[...new Set([...own, ...more])].map((one) => `/apis/${one}`)];
  const found: Served[] = [];
  for (const prefix of prefixes) {
    const [, , group = ''] = prefix.startsWith('/apis/') ? prefix.split('/') : [];
    const { resources } = (await read(prefix)) as { resources: Omit<Served, 'group' | 'prefix'>[] };
    for (const { name, namespaced, verbs } of resources)
      found.push({ group, prefix, name, namespaced, verbs });
  }
  return found;
}

function isAllowed(role: string, { group, name, namespaced }: Served, verb: string): boolean {
  const [, subresource] = name.split('/');
  const covers = (list: string[] = [], ...wanted: string[]): boolean =>
    list.includes('*') || wanted.some((one) => list.includes(one));
  const allows = ({ verbs, apiGroups, resources, resourceNames = [] }: Rule): boolean =>
    covers(verbs, verb) &&
    covers(apiGroups, group) &&
    covers(resources, name, ...(subresource === undefined ? [] : [`*/${subresource}`])) &&
    resourceNames.length === 0;
  const ofNamespace = namespaced ? (rules.get(role) ?? []) : [];
  return [...ofNamespace, ...(rules.get('everybody') ?? [])].some(allows);
}

const METHODS: Readonly<Record<string, ApiRequest['method']>> = {
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
  deletecollection: 'DELETE',
};
const OF_COLLECTIONS = new Set(['list', 'watch', 'create', 'deletecollection']);

function requestFor({ prefix, name, namespaced }: Served, verb: string): [string, ApiRequest] {
  const [plural = '', subresource] = name.split('/');
  const collection = namespaced ? `${prefix}/namespaces/default/${plural}` : `${prefix}/${plural}`;
  const whole = subresource === undefined ? '' : `/${subresource}`;
  const isCollection = subresource === undefined && OF_COLLECTIONS.has(verb);
  const query = verb === 'watch' ? '?watch=1&timeoutSeconds=1&resourceVersion=999999999' : '?dryRun=All';
  const path = (isCollection ? collection : `${collection}/${NAME}${whole}`) + query;
  const method = METHODS[verb] ?? 'GET';
  const type = verb === 'patch' ? 'application/merge-patch+json' : 'application/json';
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { body: '{}' } : {};
  return [path, { method, headers: { 'content-type': type }, ...body }];
}

/** Judged by its words: what an object forbids later is another refusal. */
async function isRefused(role: string, resource: Served, verb: string): Promise<boolean> {
  const [path, request] = requestFor(resource, verb);
  const headers = { ...request.headers, 'impersonate-user': `has-${role}` };
  const { status, text } = await api.send(path, { ...request, headers });
  expect(status, `${verb} ${path}: ${text}`).not.toBe(500);
  return status === 403 && text.includes(` cannot ${verb} resource `);
}

describe('the default roles', () => {
  it.each([...ROLES, 'none'])(
    '%s: every verb on every resource',
    async (role) => {
      const wrong: string[] = [];
      for (const resource of served) {
        // A watch that is allowed would wait; its rule is that of a list with another word.
        for (const verb of resource.verbs.filter((one) => one !== 'watch')) {
          const allowed = isAllowed(role, resource, verb);
          if ((await isRefused(role, resource, verb)) === allowed) {
            wrong.push(`${verb} ${resource.group}/${resource.name}: ${allowed ? 'refused' : 'let pass'}`);
          }
        }
      }
      expect(wrong).toEqual([]);
    },
    300_000,
  );
});
