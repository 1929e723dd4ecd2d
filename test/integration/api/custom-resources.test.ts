import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freshDatabase } from '../../conformance/storage/databases.ts';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** Two API servers on one MySQL or MariaDB: both serve what a user defines through one of them. */

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

const stack = new AsyncDisposableStack();
let first: TestApi;
let second: TestApi;

beforeAll(async () => {
  const database = stack.use(await freshDatabase('mysql'));
  const dataDir = stack.use(await temporaryFolder('replicas')).path;
  const shared = { dataDir, databaseURL: database.url };
  [first, second] = await Promise.all([testApi(shared), testApi(shared)]);
  stack.use(first);
  stack.use(second);
});

afterAll(() => stack.disposeAsync());

function crd(plural: string, kind: string): object {
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object' } } } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.example.com` },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural, kind },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

interface Line {
  type: string;
  object: { status?: { conditions?: { type: string; status: string }[] } };
}

/** Reads a watch of one definition until it says so. */
async function until(api: TestApi, name: string, reached: (line: Line) => boolean): Promise<void> {
  await using lines = await api.lines(`${CRDS}?watch=1&fieldSelector=metadata.name=${name}`);
  for (let text = await lines.next(); text !== undefined; text = await lines.next()) {
    if (reached(JSON.parse(text) as Line)) return;
  }
  throw new Error('the watch ended');
}

const is = (type: string, status: string) => (line: Line) =>
  (line.object.status?.conditions ?? []).some((one) => one.type === type && one.status === status);

const objects = (plural: string): string => `/apis/example.com/v1/namespaces/default/${plural}`;

describe('two replicas', () => {
  it('serve a kind from the moment that they show it established, and until it is gone', async () => {
    expect((await first.send(CRDS, { method: 'POST', body: crd('widgets', 'Widget') })).status).toBe(201);
    for (const api of [second, first]) {
      await until(api, 'widgets.example.com', is('Established', 'True'));
      const body = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { generateName: 'w-' } };
      expect((await api.send(objects('widgets'), { method: 'POST', body })).status).toBe(201);
    }
    const { items } = (await second.send(objects('widgets'))).json() as unknown as { items: object[] };
    expect(items).toHaveLength(2);
    const gone = [first, second].map((api) =>
      until(api, 'widgets.example.com', (line) => line.type === 'DELETED'),
    );
    const answer = await second.send(`${CRDS}/widgets.example.com`, { method: 'DELETE' });
    expect(answer.status).toBe(200);
    await Promise.all(gone);
    for (const api of [first, second]) expect((await api.send(objects('widgets'))).status).toBe(404);
  });

  it('serve and show at once what the other shows established', async () => {
    const define = async (plural: string): Promise<void> => {
      const { status } = await first.send(CRDS, { method: 'POST', body: crd(plural, `A${plural}`) });
      expect(status).toBe(201);
      // Not by a watch: its events come later than what a read answers.
      const read = async (): Promise<Line['object']> =>
        (await first.send(`${CRDS}/${plural}.example.com`)).json();
      while (!is('Established', 'True')({ type: 'read', object: await read() }));
    };
    for (let i = 0; i < 10; i++) {
      await define(`poems${i}`);
      expect((await second.send(objects(`poems${i}`))).status).toBe(200);
      await define(`songs${i}`);
      expect((await second.send('/apis/example.com/v1')).text).toContain(`"songs${i}"`);
    }
  });

  it('give a name to one of two definitions that come at once', async () => {
    const plurals = ['lamps', 'lights'];
    const made = await Promise.all(
      plurals.map((plural, i) => {
        const api = i === 0 ? first : second;
        return api.send(CRDS, { method: 'POST', body: crd(plural, 'Light') });
      }),
    );
    expect(made.map(({ status }) => status)).toEqual([201, 201]);
    const established = is('Established', 'True');
    const refused = is('NamesAccepted', 'False');
    for (const plural of plurals) {
      await until(first, `${plural}.example.com`, (line) => established(line) || refused(line));
    }
    const served = await Promise.all(
      [first, second].flatMap((api) =>
        plurals.map(async (plural) => `${plural} ${(await api.send(objects(plural))).status}`),
      ),
    );
    expect(served.slice(0, 2)).toEqual(served.slice(2));
    expect(served.filter((one) => one.endsWith('200')).length).toBe(2);
  });
});
