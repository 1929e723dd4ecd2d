import { describe, expect, it } from 'vitest';
import type { RuleResolver } from '../../authorization/rule-resolver.ts';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { createManualClock } from '../../machinery/manual-clock.ts';
import type { User } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import { createCatalog } from '../catalog.ts';
import type { RegistryContext } from '../context.ts';
import type { CreateRequest } from '../requests.ts';
import { createVirtual } from './create-virtual.ts';
import { answerOf } from './virtual-kind.ts';

const definitions = loadDefinitions();
const user: User = { name: 'alice', uid: 'u1', groups: ['team-a'], extra: { scopes: ['read', 'write'] } };

const asked: unknown[] = [];
const authorizer: Authorizer = {
  async authorize(subject, attributes) {
    asked.push({ subject, ...attributes });
    if (attributes.verb === 'break') throw new Error('roles cannot be read');
    if (attributes.verb === 'delete') return { verdict: 'deny', reason: 'a rule' };
    return { verdict: attributes.verb === 'get' ? 'allow' : 'no opinion', reason: '' };
  },
  whyNotListed: ({ name }) => (name === 'of an executor' ? ['it has no list'] : []),
};

const ruleResolver: RuleResolver = {
  rulesOf: async () => ({
    rules: [
      { verbs: ['get'], apiGroups: [''], resources: ['pods'] },
      { verbs: ['get'], nonResourceURLs: ['/x'] },
    ],
    missing: ['a not found', 'b not found'],
  }),
  rulesOfRole: async () => undefined,
};

function ask(kind: string, body: object, options: Partial<CreateRequest> = {}) {
  const resource = definitions.find((one) => one.kind === kind) ?? expect.fail(`no kind ${kind}`);
  const context = {
    authorizer,
    ruleResolver,
    admission: { mutating: [], validating: [] },
    catalog: createCatalog(definitions),
    clock: createManualClock(Date.parse('2026-01-02T03:04:05Z')),
  } as unknown as RegistryContext;
  const write = { user, dryRun: false, fieldValidation: 'Strict' } as const;
  return createVirtual(context, { resource, namespace: '', body, ...write, ...options });
}

const review = (spec: object): object => ({
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SelfSubjectAccessReview',
  metadata: { creationTimestamp: null },
  spec,
});
const about = (verb: string, more: object = {}): object =>
  review({ resourceAttributes: { verb, resource: 'tasks', group: 'agent.wecode.io', ...more } });

it('has an answer for every kind that is declared without storage', () => {
  const virtual = definitions.filter((one) => one.virtual === true);
  expect(virtual.map(({ kind }) => kind)).toEqual([
    'LocalSubjectAccessReview',
    'SelfSubjectAccessReview',
    'SelfSubjectReview',
    'SelfSubjectRulesReview',
    'SubjectAccessReview',
    'TokenReview',
  ]);
  for (const resource of virtual) expect(answerOf(resource)).toBeTypeOf('function');
  expect(() => answerOf({ ...definitions[0], plural: 'questions' } as (typeof definitions)[0])).toThrow(
    'questions',
  );
});

it.each([false, true])('SelfSubjectReview says who the client is; dry run: %s', async (dryRun) => {
  const { object, created } = await ask(
    'SelfSubjectReview',
    { status: { userInfo: { username: 'root' } } },
    { dryRun },
  );
  expect([JSON.parse(object.json()), created]).toEqual([
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      metadata: { creationTimestamp: '2026-01-02T03:04:05Z' },
      status: {
        userInfo: { username: 'alice', uid: 'u1', groups: ['team-a'], extra: { scopes: ['read', 'write'] } },
      },
    },
    true,
  ]);
});

describe('SelfSubjectAccessReview', () => {
  it.each<[object, object, string]>([
    [about('get'), { allowed: true }, 'what is allowed'],
    [about('list'), { allowed: false }, 'what nobody allows'],
    [about('delete'), { allowed: false, denied: true, reason: 'a rule' }, 'what a rule denies'],
    [
      about('break'),
      { allowed: false, evaluationError: 'Internal error occurred; see the server log' },
      'what cannot be told, without details of the server',
    ],
    [review({ nonResourceAttributes: { verb: 'get', path: '/metrics' } }), { allowed: true }, 'another path'],
  ])('%#', async (body, status, reason) => {
    const { object } = await ask('SelfSubjectAccessReview', body);
    expect(object.object['status'], reason).toEqual(status);
  });

  it('asks the authorizer as the request itself would', async () => {
    asked.length = 0;
    const spec = { namespace: 'a', version: 'v1', name: 't', subresource: 'log' };
    await ask('SelfSubjectAccessReview', about('get', spec));
    await ask('SelfSubjectAccessReview', about('get', { fieldSelector: { rawSelector: 'spec.x=y' } }));
    await ask('SelfSubjectAccessReview', review({ nonResourceAttributes: { verb: 'get', path: '/x' } }));
    const tasks = { group: 'agent.wecode.io', plural: 'tasks' };
    const every = { version: '', namespace: '', name: '', subresource: '' };
    expect(asked).toEqual([
      { subject: user, verb: 'get', path: '', resource: { ...tasks, ...spec } },
      { subject: user, verb: 'get', path: '', resource: { ...tasks, ...every, fieldSelector: 'spec.x=y' } },
      { subject: user, verb: 'get', path: '/x', resource: undefined },
    ]);
  });

  it('comes back as it was asked, with what manages it', async () => {
    const { object } = await ask('SelfSubjectAccessReview', about('get'), { userAgent: 'kubectl/v1' });
    const { metadata, spec } = JSON.parse(object.json()) as Record<string, unknown>;
    expect(spec).toEqual({
      resourceAttributes: { verb: 'get', resource: 'tasks', group: 'agent.wecode.io' },
    });
    expect(metadata).toEqual({
      managedFields: [expect.objectContaining({ manager: 'kubectl', operation: 'Update' })],
    });
  });

  it.each<[object, number, string]>([
    [
      review({}),
      422,
      '.authorization.k8s.io "" is invalid: spec: Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      review({ resourceAttributes: {}, nonResourceAttributes: { path: '/' } }),
      422,
      'spec: Invalid value: {"Path":"/","Verb":""}: exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    [
      { ...about('get'), metadata: { name: 'x' } },
      422,
      'metadata: Invalid value: {"name":"x"}: must be empty',
    ],
    [review({ resourceAttributes: { verb: 1 } }), 422, 'spec.resourceAttributes.verb'],
    [review({ resourceAttributes: { user: 'bob' } }), 400, 'unknown field "spec.resourceAttributes.user"'],
    [{ ...about('get'), kind: 'Task' }, 400, 'no kind "Task" is registered'],
  ])('refuses a question that makes no sense: %#', async (body, code, message) => {
    await expect(ask('SelfSubjectAccessReview', body)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('a question about somebody', () => {
  const spec = { user: 'bob', groups: ['ops'], uid: 'u2', extra: { a: ['b'] } };
  const resourceAttributes = { verb: 'get', resource: 'tasks', namespace: 'ns' };
  const local = { namespace: 'ns' };

  it.each([
    ['SubjectAccessReview', {}],
    ['LocalSubjectAccessReview', local],
  ])('is answered for that user: %s', async (kind, options) => {
    asked.length = 0;
    const { object } = await ask(kind, { spec: { ...spec, resourceAttributes } }, options);
    expect(object.object).toMatchObject({ status: { allowed: true } });
    const subject = { name: 'bob', groups: ['ops'], uid: 'u2', extra: { a: ['b'] } };
    expect(asked).toEqual([expect.objectContaining({ subject, verb: 'get' })]);
  });

  it.each<[string, object, object, string]>([
    [
      'SubjectAccessReview',
      { resourceAttributes },
      {},
      'spec.user: Invalid value: "": at least one of user or group must be specified',
    ],
    ['SubjectAccessReview', { user: 'x' }, {}, 'exactly one of nonResourceAttributes or resourceAttributes'],
    [
      'LocalSubjectAccessReview',
      { user: 'x', resourceAttributes: { verb: 'get', namespace: 'other' } },
      local,
      'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
    ],
    [
      'LocalSubjectAccessReview',
      { user: 'x', nonResourceAttributes: { verb: 'get', path: '/' } },
      local,
      'spec.nonResourceAttributes: Invalid value: {"Path":"/","Verb":"get"}: disallowed on this kind of request',
    ],
    ['SelfSubjectRulesReview', {}, {}, 'no namespace on request'],
  ])('%s %j is refused', async (kind, asked, options, text) => {
    await expect(ask(kind, { spec: asked }, options)).rejects.toThrow(text);
  });

  it('SelfSubjectRulesReview lists what the client may do', async () => {
    const { object } = await ask('SelfSubjectRulesReview', { spec: { namespace: 'ns' } });
    expect(object.object['status']).toEqual({
      resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }],
      nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }],
      incomplete: false,
      evaluationError: '[a not found, b not found]',
    });
  });

  it('SelfSubjectRulesReview says that others decide as well', async () => {
    const node = { ...user, name: 'of an executor' };
    const { object } = await ask('SelfSubjectRulesReview', { spec: { namespace: 'ns' } }, { user: node });
    expect(object.object['status']).toMatchObject({
      incomplete: true,
      evaluationError: '[it has no list, a not found, b not found]',
    });
  });
});
