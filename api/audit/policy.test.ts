import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Attributes } from '../machinery/users/authorizer.ts';
import type { User } from '../machinery/users/user.ts';
import { createPolicyEvaluator } from './policy-evaluator.ts';
import { loadPolicy, readPolicy } from './policy.ts';

const policy = (rules: string): string => `apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n${rules}`;

describe('a policy that is refused', () => {
  it.each([
    ['', 'failed decoding: it is no object'],
    [
      'apiVersion: audit.k8s.io/v2\nkind: Policy',
      'unknown group version field audit.k8s.io/v2, Kind=Policy in policy',
    ],
    ['apiVersion: audit.k8s.io/v1\nkind: Policy', 'loaded illegal policy with 0 rules'],
    [policy('- {}'), 'rules[0].level: Required value'],
    [
      policy('- level: Most'),
      'rules[0].level: Unsupported value: "Most": supported values: "None", "Metadata", "Request", "RequestResponse"',
    ],
    [
      policy('- { level: None, nonResourceURLs: [api] }'),
      `rules[0].nonResourceURLs[0]: Invalid value: "api": non-resource URL rules must begin with a '/' character`,
    ],
    [
      policy('- { level: None, nonResourceURLs: ["/a*b"] }'),
      `rules[0].nonResourceURLs[0]: Invalid value: "/a*b": non-resource URL wildcards '*' must be the final character of the rule`,
    ],
    [
      policy('- { level: None, nonResourceURLs: ["/a"], namespaces: [b] }'),
      'rules[0].nonResourceURLs: Invalid value: ["/a"]: rules cannot apply to both regular resources and non-resource URLs',
    ],
    [
      policy('- { level: None, resources: [{ resourceNames: [a] }] }'),
      'rules[0].resources.resourceNames: Invalid value: ["a"]: using resourceNames requires at least one resource',
    ],
    [
      policy('- { level: None, omitStages: [Later] }'),
      'rules[0].omitStages[0]: Invalid value: "Later": allowed stages are RequestReceived,ResponseStarted,ResponseComplete,Panic',
    ],
    [policy('- { level: None, user: [a] }'), 'rules[0].user: Invalid value: unknown field'],
    [policy('- { level: None, users: a }'), 'rules[0].users: Invalid value: must be a list of strings'],
    [policy('- {}\n- {}'), '[rules[0].level: Required value, rules[1].level: Required value]'],
  ])('%j', (text, message) => {
    expect(() => readPolicy(text)).toThrow(new Error(message));
  });

  it('of a group that is a version, too', () => {
    expect(() => readPolicy(policy('- { level: None, resources: [{ group: rbac/v1 }] }'))).toThrow(
      /rules\[0\].resources.group: Invalid value: "rbac\/v1": a lowercase RFC 1123 subdomain/,
    );
  });

  it('that is not there', () => {
    expect(() => loadPolicy('/nowhere/policy.yaml')).toThrow(
      'loading audit policy file: failed to read file path "/nowhere/policy.yaml"',
    );
  });
});

const alice: User = { name: 'alice', groups: ['a', 'system:authenticated'] };
const resource = {
  group: '',
  version: 'v1',
  plural: 'pods',
  subresource: '',
  namespace: 'default',
  name: 'one',
};
const of = (changes: Partial<typeof resource> = {}, verb = 'get'): Attributes => ({
  verb,
  path: '/x',
  resource: { ...resource, ...changes },
});
const at = (where: string): Attributes => ({ verb: 'get', path: where, resource: undefined });

describe('a rule', () => {
  it.each<[string, Attributes, boolean]>([
    ['{}', of(), true],
    ['{}', at('/x'), true],
    ['{ users: [alice] }', of(), true],
    ['{ users: [bob] }', of(), false],
    ['{ userGroups: [a] }', of(), true],
    ['{ userGroups: [b] }', of(), false],
    ['{ verbs: [get] }', of(), true],
    ['{ verbs: [list] }', of(), false],
    ['{ namespaces: [default] }', of(), true],
    ['{ namespaces: [""] }', of(), false],
    ['{ namespaces: [""] }', of({ namespace: '' }), true],
    ['{ namespaces: [""] }', at('/x'), false],
    ['{ resources: [{ group: "" }] }', of({ subresource: 'log' }), true],
    ['{ resources: [{ group: apps }] }', of(), false],
    ['{ resources: [{ resources: [pods] }] }', of(), true],
    ['{ resources: [{ resources: [pods] }] }', of({ subresource: 'log' }), false],
    ['{ resources: [{ resources: [pods/log] }] }', of({ subresource: 'log' }), true],
    ['{ resources: [{ resources: ["pods/*"] }] }', of({ subresource: 'log' }), true],
    ['{ resources: [{ resources: ["pods/*"] }] }', of(), true],
    ['{ resources: [{ resources: ["*/log"] }] }', of({ subresource: 'log' }), true],
    ['{ resources: [{ resources: ["*/log"] }] }', of(), false],
    ['{ resources: [{ resources: ["*"] }] }', of({ subresource: 'log' }), true],
    ['{ resources: [{ resources: [pods], resourceNames: [one] }] }', of(), true],
    ['{ resources: [{ resources: [pods], resourceNames: [two] }] }', of(), false],
    ['{ nonResourceURLs: [/x] }', at('/x'), true],
    ['{ nonResourceURLs: [/x] }', at('/xy'), false],
    ['{ nonResourceURLs: ["/x*"] }', at('/xy'), true],
    ['{ nonResourceURLs: ["*"] }', at('/anything'), true],
    ['{ nonResourceURLs: ["*"] }', of(), false],
  ])('%s', (rule, attributes, matches) => {
    const text = policy(`- ${rule.replace('{', '{ level: Metadata,').replace(',}', '}')}`);
    const { level } = createPolicyEvaluator(readPolicy(text)).evaluate(alice, attributes);
    expect(level).toBe(matches ? 'Metadata' : 'None');
  });

  it('for users matches nobody who has not logged in', () => {
    const text = policy(
      '- { level: Request, users: [alice] }\n- { level: Request, userGroups: [a] }\n- level: Metadata',
    );
    expect(createPolicyEvaluator(readPolicy(text)).evaluate(undefined, of()).level).toBe('Metadata');
  });

  it('has its stages and those of all rules, and its own word about managed fields', () => {
    const text = policy(`
- { level: Metadata, users: [alice], omitStages: [Panic], omitManagedFields: false }
- level: Metadata
omitStages: [RequestReceived]
omitManagedFields: true`);
    const { evaluate } = createPolicyEvaluator(readPolicy(text));
    expect(evaluate(alice, of())).toEqual({
      level: 'Metadata',
      omitStages: new Set(['RequestReceived', 'Panic']),
      omitManagedFields: false,
    });
    expect(evaluate({ name: 'bob', groups: [] }, of())).toMatchObject({ omitManagedFields: true });
  });
});

describe('the policy to begin with', () => {
  const { evaluate } = createPolicyEvaluator(
    loadPolicy(path.join(import.meta.dirname, '../../docs/audit-policy.yaml')),
  );
  const troupe = { group: 'agent.wecode.io' };
  it.each<[string, string, Attributes]>([
    ['None', 'health', at('/livez')],
    ['None', 'discovery', at('/apis/agent.wecode.io/v1')],
    ['None', 'leases', of({ group: 'coordination.k8s.io', plural: 'leases' }, 'update')],
    ['None', 'pieces of a log', of({ ...troupe, plural: 'tasks', subresource: 'log' }, 'create')],
    ['Metadata', 'Secrets', of({ plural: 'secrets' })],
    ['Metadata', 'tokens', of({ plural: 'serviceaccounts', subresource: 'token' }, 'create')],
    ['Metadata', 'commands in sandboxes', of({ subresource: 'exec' }, 'create')],
    ['Metadata', 'backups', at('/admin/backup')],
    ['RequestResponse', 'rights', of({ group: 'rbac.authorization.k8s.io', plural: 'roles' }, 'create')],
    ['Request', 'what people ask for', of({ ...troupe, plural: 'tasks' }, 'create')],
    ['Metadata', 'what people look at', of({ ...troupe, plural: 'tasks' })],
  ])('%s: %s', (level, _, attributes) => {
    expect(evaluate(alice, attributes).level).toBe(level);
  });
});
