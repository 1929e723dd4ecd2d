import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../machinery/logger.ts';
import type { ObjectMeta, Unstructured } from '../../machinery/meta.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import type { AdmissionRequest } from '../admission/admission.ts';
import { createCatalog } from '../catalog.ts';
import { createInitialNamespaces } from '../initial-namespaces.ts';
import { createRegistry } from '../registry.ts';
import type { Registry } from '../registry.ts';
import type { PatchRequest, Subresource, WriteResult } from '../requests.ts';
import type { Resource, Target } from '../resource.ts';

/** Stages that were reached, each with what it saw of the object. */
let stages: string[] = [];
let store: Store;
let registry: Registry;

const user = { name: 'jane', groups: ['system:masters'] };
const write = { user, dryRun: false, fieldValidation: 'Strict', fieldManager: 'tester' } as const;

/** Everything a plugin of the test adds; it belongs to nobody. */
const MARK = 'example.com/admitted';

beforeAll(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  const commit = store.commit.bind(store);
  Object.assign(store, {
    commit(mutation: Parameters<Store['commit']>[0]) {
      stages.push(`commit ${mutation.op}${mutation.op === 'delete' ? '' : shown(mutation.object)}`);
      return commit(mutation);
    },
  } satisfies Pick<Store, 'commit'>);
  registry = createRegistry({
    catalog: createCatalog(loadDefinitions().map(recorded)),
    store,
    admission: {
      mutating: [{ name: 'Mark', admit: (request) => mark(request) }],
      validating: [{ name: 'Record', validate: (request) => void stages.push(told('validating', request)) }],
    },
  });
  await createInitialNamespaces(registry);
});

afterAll(() => store.close());

let name = '';
let count = 0;

beforeEach(async () => {
  name = `task-${(count += 1)}`;
  await registry.create({ ...write, resource: kind('Task'), namespace: 'default', body: task({ name }) });
  stages = [];
});

/** A kind whose schema records when it is used, and a Task that can be scaled. */
function recorded(definition: Resource): Resource {
  const scale = { specReplicasPath: '.spec.retryPolicy.maxAttempts', statusReplicasPath: '.status.progress' };
  return {
    ...definition,
    ...(definition.kind === 'Task' && { scale }),
    compiled: {
      prune(object: Unstructured) {
        stages.push('decode');
        return definition.compiled.prune(object);
      },
      applyDefaults: (object: Unstructured) => definition.compiled.applyDefaults(object),
      validate(...[object, ...rest]: Parameters<Resource['compiled']['validate']>) {
        stages.push(`validate${shown(object)}`);
        return definition.compiled.validate(object, ...rest);
      },
    },
  };
}

async function mark(request: AdmissionRequest): Promise<Unstructured | undefined> {
  stages.push(told('mutating', request));
  const { object } = request;
  if (object === undefined) return undefined;
  const annotations = { ...object.metadata.annotations, [MARK]: 'yes' };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function told(
  stage: string,
  { operation, subresource, object, user: { name: who } }: AdmissionRequest,
): string {
  const at = subresource === undefined ? operation : `${operation} ${subresource}`;
  return `${stage} ${at} by ${who}${object === undefined ? '' : shown(object)}`;
}

/** The server gives no object of this test such a generation; a client may well send it. */
const SENT_GENERATION = 7;

/** How far an object has come: its name, managers, the mark of admission, the server's part of metadata. */
function shown({ metadata }: Unstructured): string {
  const isPrepared = metadata.uid !== undefined && metadata.generation !== SENT_GENERATION;
  const facts = [
    ...(metadata.name === '' ? [] : ['named']),
    ...((metadata.managedFields ?? []).length > 0 ? ['managed'] : []),
    ...(metadata.annotations?.[MARK] === undefined ? [] : ['marked']),
    ...(isPrepared ? ['prepared'] : []),
  ];
  return `: ${facts.join(' ')}`;
}

function kind(wanted: string): Resource {
  const found = registry.catalog.current().find((resource) => resource.kind === wanted);
  if (found === undefined) throw new Error(`no kind ${wanted}`);
  return found;
}

function task(metadata: Partial<ObjectMeta>, spec: object = {}): Unstructured {
  return {
    apiVersion: 'agent.wecode.io/v1',
    kind: 'Task',
    metadata: { name: '', generation: SENT_GENERATION, ...metadata },
    spec: { prompt: 'p', teamRef: { name: 't', namespace: 'default' }, ...spec },
  };
}

const at = (): { target: Target } => ({ target: { resource: kind('Task'), namespace: 'default', name } });

const create = (body: Unstructured): Promise<WriteResult> =>
  registry.create({ ...write, resource: kind('Task'), namespace: 'default', body });

const patch = (type: PatchRequest['type'], body: unknown, subresource?: Subresource): Promise<WriteResult> =>
  registry.patch({ ...write, ...at(), type, body, ...(subresource && { subresource }) });

const put = (body: object, subresource?: Subresource): Promise<WriteResult> =>
  registry.update({ ...write, ...at(), body, ...(subresource && { subresource }) });

const newest = async (): Promise<string> =>
  (await registry.get({ ...at(), user })).object.metadata.resourceVersion ?? '';

const scale = (replicas: number): object => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name },
  spec: { replicas },
});

const SENT = 'named managed';
const WHOLE = 'named managed marked prepared';

const created = (mutating = SENT): string[] => [
  'decode',
  `mutating CREATE by jane: ${mutating}`,
  `validate: ${WHOLE}`,
  `validating CREATE by jane: ${WHOLE}`,
  `commit create: ${WHOLE}`,
];

const changed = (operation = 'UPDATE', mutating = SENT): string[] => [
  `mutating ${operation} by jane: ${mutating}`,
  `validate: ${WHOLE}`,
  `validating ${operation} by jane: ${WHOLE}`,
  `commit update: ${WHOLE}`,
];

const mergePatch = {
  metadata: { generation: SENT_GENERATION, annotations: null },
  spec: { prompt: 'other' },
};
const jsonPatch = [
  { op: 'replace', path: '/spec/prompt', value: 'other' },
  { op: 'add', path: '/metadata/generation', value: SENT_GENERATION },
  { op: 'remove', path: '/metadata/annotations' },
];

describe('the way of a write', () => {
  it.each<[string, () => Promise<unknown>, string[]]>([
    ['create', () => create(task({ name: `${name}-new` })), created()],
    ['create under a generated name', () => create(task({ generateName: 'some-' })), created('managed')],
    ['apply of a new object', () => patch('apply', task({ name: (name += '-new') })), created()],
    [
      'update',
      async () => put(task({ name, resourceVersion: await newest() }, { prompt: 'other' })),
      ['decode', ...changed()],
    ],
    ['merge patch', () => patch('merge', mergePatch), ['decode', ...changed()]],
    ['json patch', () => patch('json', jsonPatch), ['decode', ...changed()]],
    // The applied object is merged into the live object, which has been all the way before.
    ['apply', () => patch('apply', task({ name })), ['decode', ...changed('UPDATE', 'named managed marked')]],
    [
      'update of status',
      async () =>
        put({ ...task({ name, resourceVersion: await newest() }), status: { status: 'RUNNING' } }, 'status'),
      ['decode', ...changed('UPDATE status')],
    ],
    [
      'patch of status',
      () => patch('merge', { ...mergePatch, status: { status: 'RUNNING' } }, 'status'),
      ['decode', ...changed('UPDATE status')],
    ],
    // A Scale is written into the live object.
    ['update of the scale', () => put(scale(5), 'scale'), changed('UPDATE scale', WHOLE)],
    ['patch of the scale', () => patch('merge', scale(4), 'scale'), changed('UPDATE scale', WHOLE)],
    [
      'delete',
      () => registry.delete({ ...at(), user, dryRun: false }),
      ['mutating DELETE by jane', 'validating DELETE by jane', 'commit delete'],
    ],
  ])('%s', async (_verb, run, want) => {
    await run();
    expect(stages).toEqual(want);
  });

  it('stops before validating admission when the object is not valid', async () => {
    const wrong = create(task({ name: `${name}-wrong` }, { prompt: undefined }));
    await expect(wrong).rejects.toMatchObject({ code: 422 });
    expect(stages.map((stage) => stage.split(/\W/)[0])).toEqual(['decode', 'mutating', 'validate']);
  });

  it('goes to the end without a commit for a dry run', async () => {
    await registry.patch({ ...write, ...at(), type: 'merge', body: { spec: { prompt: 'x' } }, dryRun: true });
    expect(stages.map((stage) => stage.split(/\W/)[0])).toEqual([
      'decode',
      'mutating',
      'validate',
      'validating',
    ]);
  });

  it('gives what admission sets to nobody', async () => {
    const { object } = await create(task({ name: `${name}-new`, annotations: { mine: 'yes' } }));
    const { annotations, managedFields } = object.object.metadata;
    expect(annotations).toEqual({ mine: 'yes', [MARK]: 'yes' });
    const owned = JSON.stringify(managedFields);
    expect(owned).toContain('f:mine');
    expect(owned).not.toContain(MARK);
  });

  it('ends where a plugin refuses', async () => {
    const refusal = new StatusError('Forbidden', 'not today');
    const strict = createRegistry({
      catalog: registry.catalog,
      store,
      admission: {
        validating: [
          {
            name: 'Refuse',
            validate({ dryRun, operation, previous }) {
              if (!dryRun && operation === 'DELETE' && previous.metadata.name === name) throw refusal;
            },
          },
        ],
      },
    });
    await expect(strict.delete({ ...at(), user, dryRun: false })).rejects.toBe(refusal);
    expect(stages.some((stage) => stage.startsWith('commit'))).toBe(false);
    const gone = await strict.delete({ ...at(), user: API_SERVER_USER, dryRun: true });
    expect(gone.gone).toBe(true);
  });
});
