import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { Resource } from '../resource.ts';

const write = { user: API_SERVER_USER, dryRun: false, fieldValidation: 'Strict' } as const;
let store: Store;
let registry: Registry;
let count = 0;

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store });
  await createInitialNamespaces(registry);
});
afterAll(() => store.close());

const kind = (name: string): Resource =>
  registry.catalog.current().find((one) => one.kind === name) as Resource;

async function create(kindName: string, spec: object, name = `o${(count += 1)}`): Promise<string> {
  const body = { apiVersion: 'agent.wecode.io/v1', kind: kindName, metadata: { name }, spec };
  await registry.create({ resource: kind(kindName), namespace: 'default', body, ...write });
  return name;
}

async function patch(name: string, body: object, subresource?: 'status'): Promise<Unstructured> {
  const target = { resource: kind('Task'), namespace: 'default', name };
  const asked = { target, type: 'merge', body, ...write, ...(subresource && { subresource }) } as const;
  return (await registry.patch(asked)).object.object;
}

const newTask = (spec: object = {}): Promise<string> =>
  create('Task', { prompt: 'p', teamRef: { name: 't' }, ...spec });
const become = (name: string, status: string, more: object = {}): Promise<Unstructured> =>
  patch(name, { status: { status, ...more } }, 'status');

describe('the states of a Task', () => {
  it.each([
    [['PENDING', 'RUNNING', 'PENDING_CONFIRMATION', 'PENDING', 'RUNNING', 'COMPLETED'], 'answered'],
    [['RUNNING', 'CANCELLING', 'CANCELLED'], 'cancelled'],
    [['PENDING', 'CANCELLING', 'FAILED'], 'failed while it was cancelled'],
    [['COMPLETED'], 'brought back from a backup'],
  ])('may be %j: %s', async (states) => {
    const name = await newTask();
    for (const state of states) await become(name, state);
  });

  it.each([
    ['CANCELLING', 'RUNNING', 'after CANCELLING a Task can be CANCELLED, FAILED'],
    ['COMPLETED', 'RUNNING', 'a Task that is COMPLETED stays so'],
    ['FAILED', 'COMPLETED', 'a Task that is FAILED stays so'],
    [
      'RUNNING',
      'PENDING',
      'after RUNNING a Task can be PENDING_CONFIRMATION, CANCELLING, COMPLETED, FAILED, CANCELLED',
    ],
  ])('%s is not followed by %s', async (from, to, why) => {
    const name = await newTask();
    await become(name, from);
    await expect(become(name, to)).rejects.toMatchObject({
      code: 422,
      details: { causes: [{ field: 'status.status', message: `Invalid value: "${to}": ${why}` }] },
    });
  });

  it('does not go away', async () => {
    const name = await newTask();
    await become(name, 'RUNNING');
    await expect(patch(name, { status: { status: null } }, 'status')).rejects.toMatchObject({ code: 422 });
  });

  it('are noted by the server, whatever a client says of them', async () => {
    const name = await newTask();
    const time = '2026-01-01T00:00:00Z';
    await become(name, 'PENDING', { updatedAt: time });
    await become(name, 'RUNNING', { transitions: [] });
    const { status } = await become(name, 'RUNNING', { progress: 5 });
    expect(status).toMatchObject({
      transitions: [
        { sequence: 1, status: 'PENDING', time },
        { sequence: 2, status: 'RUNNING', time },
      ],
    });
  });

  it('are noted up to a number, and numbered on', async () => {
    const name = await newTask();
    for (let i = 0; i < 30; i += 1) {
      await become(name, 'PENDING');
      await become(name, 'PENDING_CONFIRMATION');
    }
    const { transitions } = (await become(name, 'COMPLETED'))['status'] as {
      transitions: { sequence: number }[];
    };
    expect(transitions).toHaveLength(50);
    expect([transitions.at(0)?.sequence, transitions.at(-1)?.sequence]).toEqual([12, 61]);
  });
});

describe('the fields of a Task', () => {
  it.each([
    [{ priority: 'high' }, ''],
    [{ priority: -5 }, ''],
    [{ priority: 'urgent' }, 'spec.priority'],
    [{ priority: 2_000_000 }, 'spec.priority'],
    [{ costBudget: 0 }, 'spec.costBudget'],
    [{ costBudget: 0.5, tokenBudget: 100, onBudgetExceeded: 'Ask' }, ''],
    [{ retryPolicy: { reasons: ['*'], initialDelaySeconds: 0, factor: 1.5 } }, ''],
    [{ retryPolicy: { reasons: ['Whim'] } }, 'spec.retryPolicy.reasons[0]'],
    [{ callback: { url: 'https://hooks.example/a?b=c', secretRef: { name: 's' }, events: ['RUNNING'] } }, ''],
    [{ callback: { url: 'http://hooks.example' } }, ''],
    [{ callback: { url: 'https://me:secret@hooks.example/a' } }, 'spec.callback.url'],
    [{ callback: { url: 'ftp://hooks.example/a' } }, 'spec.callback.url'],
  ])('%j', async (spec, field) => {
    const made = newTask(spec);
    const causes = expect.arrayContaining([expect.objectContaining({ field })]);
    if (field === '') await made;
    else await expect(made).rejects.toMatchObject({ code: 422, details: { causes } });
  });
});

describe('the parameters of a Task', () => {
  const parametersSchema = {
    type: 'object',
    required: ['branch'],
    properties: { branch: { type: 'string' }, depth: { type: 'integer', default: 1 } },
  };
  const team = {
    members: [{ botRef: { name: 'b', namespace: 'default' } }],
    collaborationModel: 'solo',
    parametersSchema,
  };

  it.each([
    [{ branch: 'main' }, []],
    [{ branch: 7 }, ['spec.parameters.branch']],
    [{}, ['spec.parameters.branch']],
    [undefined, ['spec.parameters.branch']],
    [{ branch: 'main', other: 1 }, ['spec.parameters.other']],
  ])('%j', async (parameters, fields) => {
    const name = await create('Team', team);
    const made = newTask({ teamRef: { name }, ...(parameters && { parameters }) });
    if (fields.length === 0) await made;
    else {
      const causes = fields.map((field) => expect.objectContaining({ field }));
      await expect(made).rejects.toMatchObject({ code: 422, details: { causes } });
    }
  });

  it('are not judged for a Team that is not there yet, or has no schema', async () => {
    await newTask({ teamRef: { name: 'later' }, parameters: { any: 1 } });
    const { parametersSchema: _, ...without } = team;
    const name = await create('Team', without);
    await newTask({ teamRef: { name }, parameters: { any: 1 } });
  });

  it('are not judged again by a change of something else', async () => {
    const task = await newTask({ teamRef: { name: 'late-team' } });
    await create('Team', team, 'late-team');
    await patch(task, { spec: { cancel: true } });
    await expect(patch(task, { spec: { parameters: { branch: 1 } } })).rejects.toMatchObject({ code: 422 });
  });

  it('have a schema that makes sense', async () => {
    await expect(create('Team', { ...team, parametersSchema: { type: 'string' } })).rejects.toMatchObject({
      code: 422,
      details: { causes: [{ field: 'spec.parametersSchema.type' }] },
    });
  });
});

describe('answers', () => {
  it('have bytes counted, and what was stored is not judged again', async () => {
    const name = await newTask({ answers: [{ id: 'a', message: 'é'.repeat(32_768) }] });
    await patch(name, { spec: { cancel: true } });
    const answers = [{ id: 'b', message: 'é'.repeat(32_769) }];
    await expect(patch(name, { spec: { answers } })).rejects.toMatchObject({
      code: 422,
      details: { causes: [{ field: 'spec.answers[0].message', reason: 'FieldValueTooLong' }] },
    });
    await expect(newTask({ answers })).rejects.toMatchObject({ code: 422 });
  });
});

describe('steps that are to run again', () => {
  const team = { prompt: 'p', teamRef: { name: 't' } };
  const subTasks = [{ title: 'old' }, { node: 'n1', title: 'new' }];

  it('are those that a Task has which has ended', async () => {
    const name = await create('Task', team);
    await patch(name, { status: { status: 'FAILED', subTasks } }, 'status');
    const wish = patch(name, { spec: { retries: [{ id: 'a', node: 'n9' }] } });
    await expect(wish).rejects.toThrow(
      'spec.retries[0].node: Unsupported value: "n9": supported values: "s0", "n1"',
    );
    await patch(name, { spec: { retries: [{ id: 'a', node: 'n1' }, { id: 'b', node: 's0' }, { id: 'c' }] } });
  });

  it('may be unknown as long as the Task is under way, and are not judged again', async () => {
    const name = await create('Task', team);
    await patch(name, { spec: { retries: [{ id: 'a', node: 'n9' }] } });
    await patch(name, { status: { status: 'FAILED', subTasks } }, 'status');
    await patch(name, { spec: { title: 'other', retries: [{ id: 'a', node: 'n9' }, { id: 'b' }] } });
  });
});
