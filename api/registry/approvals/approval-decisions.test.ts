import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Authorizer } from '../../machinery/users/authorizer.ts';
import { formatTime } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import type { StatusError } from '../../machinery/status-error.ts';
import type { User } from '../../machinery/users/user.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { PatchRequest } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';

const someone = (name: string, ...groups: string[]): User => ({ name, uid: `uid-${name}`, groups });
const ann = someone('ann', 'leads');
const bob = someone('bob');
const cleo = someone('cleo', 'owners');
/** May write any status, decide nothing. */
const writer = someone('writer');
const controllers = someone('controllers');

const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  ann: ['approve'],
  bob: ['approve'],
  cleo: ['approve'],
  controllers: ['close'],
};

/** Of the verbs that admission asks for; that the request itself may be made is judged before it. */
const authorizer: Authorizer = {
  async authorize({ name }, { verb }) {
    // Whoever gives an object other owners could delete it.
    const isAllowed =
      name === API_SERVER_USER.name || verb === 'delete' || RIGHTS[name]?.includes(verb) === true;
    return { verdict: isAllowed ? 'allow' : 'no opinion', reason: '' };
  },
};

let now = Date.parse('2026-12-01T10:00:00Z');
const clock = { now: () => now, after: () => () => undefined };

let store: Store;
let registry: Registry;
let count = 0;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, authorizer, clock });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

const resourceOf = (): Resource =>
  registry.catalog.current().find(({ kind }) => kind === 'Approval') as Resource;

const by = (user: User) => ({ user, dryRun: false, fieldValidation: 'Strict' as const });

async function approval(spec: object = {}): Promise<Target> {
  const resource = resourceOf();
  const name = `a${(count += 1)}`;
  const body = {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Approval',
    metadata: { name },
    spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go on?', ...spec },
    status: { phase: 'Decided', decision: 'Approved', decidedBy: { name: 'ann' } },
  };
  await registry.create({ resource, namespace: 'default', body, ...by(API_SERVER_USER) });
  return { resource, namespace: 'default', name };
}

async function write(
  user: User,
  target: Target,
  status: object,
  more: Partial<PatchRequest> = {},
): Promise<Unstructured> {
  const patch = { target, subresource: 'status', type: 'merge', body: { status } } as const;
  return (await registry.patch({ ...patch, ...by(user), ...more })).object.object;
}

async function refusal(attempt: Promise<unknown>): Promise<StatusError> {
  return attempt.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error as StatusError,
  );
}

async function stored({ resource, namespace, name }: Target): Promise<unknown> {
  const target = { resource, namespace, name };
  return (await registry.get({ target, user: API_SERVER_USER })).object['status'];
}

describe('a decision', () => {
  it('is noted with who made it and when, whatever the client says', async () => {
    const target = await approval();
    expect(await stored(target)).toEqual({ phase: 'Pending' });
    const status = {
      decision: 'Approved',
      reason: 'fine',
      decidedBy: { name: 'king' },
      decidedAt: formatTime(0),
    };
    const written = await write(ann, target, status);
    expect(written['status']).toEqual({
      phase: 'Decided',
      decision: 'Approved',
      reason: 'fine',
      decidedBy: { name: 'ann', uid: 'uid-ann' },
      decidedAt: formatTime(now),
    });
  });

  it('changes nothing else of the status', async () => {
    const target = await approval();
    await write(controllers, target, { escalatedAt: formatTime(now) });
    const put = { target, subresource: 'status' as const, ...by(ann) };
    const read = await registry.get({ target, user: ann });
    const body = {
      ...read.object,
      status: { decision: 'Rejected', phase: 'Closed', endedAt: formatTime(0) },
    };
    await registry.update({ ...put, body });
    const { phase, endedAt, escalatedAt } = (await stored(target)) as Record<string, unknown>;
    expect([phase, endedAt, escalatedAt]).toEqual(['Decided', undefined, formatTime(now)]);
  });

  it('is made in a dry run without being made', async () => {
    const target = await approval();
    const dry = await write(ann, target, { decision: 'Approved' }, { dryRun: true });
    expect(dry['status']).toMatchObject({ phase: 'Decided', decidedBy: { name: 'ann' } });
    expect(await stored(target)).toEqual({ phase: 'Pending' });
    const refused = await refusal(write(writer, target, { decision: 'Approved' }, { dryRun: true }));
    expect(refused.reason).toBe('Forbidden');
  });

  it('is made by server-side apply, which owns what it says and nothing that the server notes', async () => {
    const target = await approval();
    const body = {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'Approval',
      metadata: { name: target.name },
      status: { decision: 'Approved' },
    };
    const apply = { type: 'apply', body, fieldManager: 'kubectl' } as const;
    const written = await write(ann, target, {}, apply);
    expect(written['status']).toMatchObject({ phase: 'Decided', decidedBy: { name: 'ann' } });
    const managers = written.metadata.managedFields as { operation: string; fieldsV1: object }[];
    const fields = managers.find(({ operation }) => operation === 'Apply')?.fieldsV1;
    expect(fields).toEqual({ 'f:status': { 'f:decision': {} } });
    // A second time it is what it is, whoever applies it.
    expect((await write(bob, target, {}, { ...apply, force: true }))['status']).toMatchObject({
      decidedBy: { name: 'ann' },
    });
  });

  it.each([
    ['who has no verb but may write the status', writer],
    ['controllers', controllers],
  ])('is not made by %s', async (_who, user) => {
    const target = await approval();
    const { reason, message } = await refusal(write(user, target, { decision: 'Approved' }));
    expect(reason).toBe('Forbidden');
    expect(message).toBe(
      `approvals.agent.wecode.io "${target.name}" is forbidden: to decide, user "${user.name}" needs the verb "approve" on it`,
    );
  });

  it.each([
    ['reason', 32_768],
    ['message', 65_536],
  ])('has a %s of %d bytes at most', async (field, most) => {
    const target = await approval();
    const sign = '語';
    const decision = { decision: 'Approved', [field]: sign.repeat(most / sign.length) };
    const { code, details } = await refusal(write(ann, target, decision));
    const message = `Too long: may not be more than ${most} bytes`;
    expect([code, details]).toMatchObject([422, { causes: [{ field: `status.${field}`, message }] }]);
    const fitting = 'é'.repeat(most / 2);
    expect((await write(ann, target, { ...decision, [field]: fitting }))['status']).toMatchObject({
      [field]: fitting,
    });
  });

  it('is final, but for who says the same', async () => {
    const target = await approval();
    await write(ann, target, { decision: 'Approved' });
    expect((await write(bob, target, { decision: 'Approved' }))['status']).toMatchObject({
      decidedBy: { name: 'ann' },
    });
    for (const status of [
      { decision: 'Rejected' },
      { decision: null },
      { message: 'so' },
      { reason: 'so' },
    ]) {
      const { reason, message } = await refusal(write(ann, target, status));
      expect([reason, message]).toEqual([
        'Invalid',
        `Approval.agent.wecode.io "${target.name}" is invalid: status.decision: Forbidden: the decision is final: Approved by "ann" at ${formatTime(now)}`,
      ]);
    }
  });

  it('of two at once is one', async () => {
    for (let round = 0; round < 20; round++) {
      const target = await approval();
      const both = await Promise.allSettled([
        write(ann, target, { decision: 'Approved' }),
        write(bob, target, { decision: 'Rejected' }),
      ]);
      expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
      const { decision, decidedBy } = (await stored(target)) as {
        decision: string;
        decidedBy: { name: string };
      };
      expect(decidedBy.name).toBe(decision === 'Approved' ? 'ann' : 'bob');
    }
  });
});

describe('approvers', () => {
  const spec = {
    approvers: { users: ['bob'], groups: ['leads'] },
    escalation: { afterSeconds: 60, approvers: { groups: ['owners'] } },
  };

  it.each([
    ['one by name', bob],
    ['one by group', ann],
  ])('that are named decide: %s', async (_how, user) => {
    expect((await write(user, await approval(spec), { decision: 'Approved' }))['status']).toMatchObject({
      decidedBy: { name: user.name },
    });
  });

  it('of an escalation decide when it is time, and not before', async () => {
    const target = await approval(spec);
    now += 59_000;
    const { reason, message } = await refusal(write(cleo, target, { decision: 'Approved' }));
    expect(reason).toBe('Forbidden');
    expect(message).toContain('user "cleo" is none of its approvers: user "bob", group "leads"');
    now += 1000;
    expect((await write(cleo, target, { decision: 'Rejected' }))['status']).toMatchObject({
      decidedBy: { name: 'cleo' },
    });
  });

  it('bind the owners of the server, too', async () => {
    const target = await approval(spec);
    expect((await refusal(write(API_SERVER_USER, target, { decision: 'Approved' }))).reason).toBe(
      'Forbidden',
    );
  });
});

describe('the answer to a question', () => {
  it.each([
    [{ decision: 'Approved' }, {}, 'status.message: Required value: the answer'],
    [{ decision: 'Approved', message: 'blue' }, { options: ['red'] }, 'supported values: "red"'],
    [{ message: 'red' }, {}, 'status.decision: Required value: Approved or Rejected'],
    [{ decision: 'Maybe', message: 'red' }, {}, 'supported values: "Approved", "Rejected"'],
  ])('%j to %j is refused', async (status, more, why) => {
    const target = await approval({ purpose: 'Question', ...more });
    const { reason, message } = await refusal(write(ann, target, status));
    expect(reason).toBe('Invalid');
    expect(message).toContain(why);
  });

  it.each([
    [{ decision: 'Approved', message: 'red' }, { options: ['red'] }],
    [{ decision: 'Approved', message: 'any' }, {}],
    [{ decision: 'Rejected', reason: 'ask somebody else' }, { options: ['red'] }],
  ])('%j to %j is taken', async (status, more) => {
    const target = await approval({ purpose: 'Question', ...more });
    expect((await write(ann, target, status))['status']).toMatchObject(status);
  });
});

describe('the end without a decision', () => {
  it.each([
    ['who may only write the status', writer],
    ['who may decide', ann],
  ])('is not told by %s', async (_who, user) => {
    const target = await approval({ timeoutSeconds: 1, onTimeout: 'Approve' });
    now += 2000;
    for (const status of [{ phase: 'TimedOut' }, { phase: 'Closed' }, { escalatedAt: formatTime(now) }]) {
      expect((await refusal(write(user, target, status))).reason).toBe('Forbidden');
    }
  });

  it('TimedOut is told by the controllers, not before it is time', async () => {
    const target = await approval({ timeoutSeconds: 10, onTimeout: 'Approve' });
    expect((await refusal(write(controllers, target, { phase: 'TimedOut' }))).message).toContain(
      'not over before',
    );
    now += 10_000;
    expect((await refusal(write(ann, target, { decision: 'Approved' }))).message).toContain(
      'status.decision: Forbidden: the time to decide was over at',
    );
    expect((await write(controllers, target, { phase: 'TimedOut' }))['status']).toEqual({
      phase: 'TimedOut',
      endedAt: formatTime(now),
    });
  });

  it('is final', async () => {
    const target = await approval();
    expect((await refusal(write(controllers, target, { phase: 'TimedOut' }))).message).toContain(
      'spec.timeoutSeconds is not set',
    );
    expect((await refusal(write(controllers, target, { phase: 'Decided' }))).reason).toBe('Invalid');
    await write(controllers, target, { phase: 'Closed' });
    expect((await refusal(write(ann, target, { decision: 'Approved' }))).message).toContain(
      'the Approval was closed',
    );
    expect((await refusal(write(controllers, target, { phase: 'Pending' }))).message).toContain(
      'it is Closed, which is final',
    );
  });

  it('leaves a decision as it is', async () => {
    const target = await approval();
    await write(ann, target, { decision: 'Approved' });
    for (const phase of ['Closed', 'TimedOut', 'Pending', null]) {
      expect((await refusal(write(controllers, target, { phase }))).reason).toBe('Invalid');
    }
  });
});

it('the spec never changes, whoever may write it', async () => {
  const target = await approval({ approvers: { users: ['bob'] } });
  const body = { spec: { approvers: { users: ['ann'] } } };
  const patch = registry.patch({ target, type: 'merge', body, ...by(API_SERVER_USER) });
  expect((await refusal(patch)).message).toContain('field is immutable');
});

describe('the controller of an Approval', () => {
  const owner = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', name: 'task', uid: 'u1' };
  const owned = (by: object[]) => ({ metadata: { ownerReferences: by } });
  const patch = async (user: User, target: Target, body: object) =>
    (await registry.patch({ target, type: 'merge', body, ...by(user) })).object.object.metadata;
  const make = (user: User, reference: object) => {
    const metadata = { name: `owned-${(count += 1)}`, ownerReferences: [reference] };
    const body = {
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval', metadata },
      spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go on?' },
    };
    return registry.create({ resource: resourceOf(), namespace: 'default', body, ...by(user) });
  };

  it('is given by the controllers', async () => {
    await make(controllers, { ...owner, controller: true });
    const target = await approval();
    expect(await patch(controllers, target, owned([{ ...owner, controller: true }]))).toMatchObject({
      ownerReferences: [{ uid: 'u1' }],
    });
  });

  it.each([
    ['who may decide', ann, owner],
    ['who may write all but decisions', writer, owner],
    ['whoever writes another group', writer, { ...owner, apiVersion: 'example.com/v1' }],
  ])('is not given by %s', async (_who, user, reference) => {
    const target = await approval();
    const controller = { ...reference, controller: true };
    const why = `to give it a controller, user "${user.name}" needs the verb "close" on it`;
    expect((await refusal(make(user, controller))).message).toContain(why);
    expect((await refusal(patch(user, target, owned([controller])))).message).toContain(why);
    await patch(user, target, owned([reference]));
    expect((await refusal(patch(user, target, owned([controller])))).reason).toBe('Forbidden');
  });

  it('can be taken off, and is not given back', async () => {
    const target = await approval();
    const controller = { ...owner, controller: true };
    await patch(controllers, target, owned([controller]));
    await patch(writer, target, { metadata: { labels: { a: 'b' } } });
    await patch(writer, target, owned([]));
    expect((await refusal(patch(writer, target, owned([controller])))).reason).toBe('Forbidden');
  });
});
