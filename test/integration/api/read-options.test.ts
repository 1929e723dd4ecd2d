import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';

/** What kube-apiserver 1.36 answers to the options and forms of reads. */

const GHOSTS = '/apis/agent.wecode.io/v1/namespaces/default/ghosts';
const WIDGETS = '/apis/reads.example.com/v1/namespaces/default/widgets';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

let api: TestApi;

beforeAll(async () => {
  api = await testApi();
  for (const name of ['one', 'two']) await post(GHOSTS, { name }, { systemPrompt: 'x' });
  await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', WIDGET.metadata, WIDGET.spec);
  const established = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=1&resourceVersion=0`;
  await using lines = await api.lines(established);
  for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
    if (line.includes('"reads.example.com"') && line.includes('InitialNamesAccepted')) break;
  }
  await post(WIDGETS, { name: 'one' }, { replicas: 3, tags: ['a', 'b'], options: { z: '1', a: '2' } });
});

afterAll(() => api[Symbol.asyncDispose]());

const WIDGET = {
  metadata: { name: 'widgets.reads.example.com' },
  spec: {
    group: 'reads.example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Tags', type: 'string', jsonPath: '.spec.tags[*]' },
          { name: 'When', type: 'date', jsonPath: '.spec.when' },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};

const KINDS: Record<string, [apiVersion: string, kind: string]> = {
  [GHOSTS]: ['agent.wecode.io/v1', 'Ghost'],
  [WIDGETS]: ['reads.example.com/v1', 'Widget'],
};

async function post(path: string, metadata: object, spec: object): Promise<void> {
  const [apiVersion, kind] = KINDS[path] ?? ['apiextensions.k8s.io/v1', 'CustomResourceDefinition'];
  const answer = await api.send(path, { method: 'POST', body: { apiVersion, kind, metadata, spec } });
  expect(answer.status, answer.text).toBe(201);
}

describe('options of a list', () => {
  it.each([
    ['limit=-1', 2, 'no limit'],
    ['limit=1', 1, 'a page'],
    ['limit=9223372036854775807', 2, 'the largest number'],
    ['limit=1&resourceVersion=0', 2, 'from the cache everything comes at once'],
    ['watch=false', 2, 'no watch'],
    ['includeObject=nonsense', 2, 'means something to a Table only'],
  ])('%s gives %d items', async (query, length) => {
    const answer = await api.send(`${GHOSTS}?${query}`);
    expect((answer.json() as { items?: unknown }).items).toHaveLength(length);
  });

  it.each([
    ['limit=many', 400, 'strconv.ParseInt: parsing "many": invalid syntax'],
    ['limit=9223372036854775808', 400, 'strconv.ParseInt: parsing "9223372036854775808": value out of range'],
    ['timeoutSeconds=soon', 400, 'strconv.ParseInt: parsing "soon": invalid syntax'],
    ['timeout=1', 400, 'invalid timeout specified in the request URL - time: missing unit in duration "1"'],
    [
      'continue=%25',
      400,
      'invalid continue token: continue key is not valid: illegal base64 data at input byte 0',
    ],
    [
      'continue=YWJj',
      400,
      "invalid continue token: continue key is not valid: invalid character 'a' looking for beginning of value",
    ],
    [
      'resourceVersion=abc',
      400,
      'invalid resource version: resourceVersion: Invalid value: "abc": strconv.ParseUint: parsing "abc": invalid syntax',
    ],
    ['labelSelector=a%3Db%2C', 400, "found '', expected: identifier after ','"],
    ['labelSelector=a%20in%20b', 400, "unable to parse requirement: found 'b' expected: '('"],
    [
      'labelSelector=%2Fx%3Dy',
      400,
      'unable to parse requirement: <nil>: Invalid value: "/x": prefix part must be non-empty',
    ],
    ['fieldSelector=metadata.name%3Da%3Db', 400, 'invalid field selector: unescaped character in value: 61'],
    [
      'sendInitialEvents=true',
      422,
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list',
    ],
  ])('%s is refused with %d: %s', async (query, status, message) => {
    const answer = await api.send(`${GHOSTS}?${query}`);
    expect([answer.status, answer.json()['message']]).toEqual([status, message]);
  });

  it('lets clients select by the fields of a kind only', async () => {
    const answer = await api.send('/api/v1/configmaps?fieldSelector=data%3Dx');
    expect(answer.json()['message']).toBe(
      '"data" is not a known field selector: only "metadata.name", "metadata.namespace"',
    );
  });
});

describe('places that are not there', () => {
  it.each([
    ['GET', `${GHOSTS}/one/nope`, 404, 'ghosts.agent.wecode.io "one" not found'],
    ['GET', `${GHOSTS}/none/nope`, 404, 'ghosts.agent.wecode.io "none" not found'],
    ['OPTIONS', `${GHOSTS}/one`, 405, ' is not supported on resources of kind "ghosts.agent.wecode.io"'],
  ] as const)('%s %s', async (method, path, status, message) => {
    const answer = await api.send(path, { method });
    expect([answer.status, answer.json()['message']]).toEqual([status, message]);
  });
});

describe('forms of an answer', () => {
  it('leaves out in a list of a built-in kind what the list says of all', async () => {
    const { items } = (await api.send('/api/v1/namespaces')).json() as { items?: object[] };
    expect(items?.filter((item) => 'kind' in item || 'apiVersion' in item)).toEqual([]);
    expect(items).not.toEqual([]);
  });

  it('writes YAML with sorted keys, and quotes what YAML 1.1 would take for a time', async () => {
    const { text } = await api.send(`${WIDGETS}/one`, { headers: { accept: 'application/yaml' } });
    expect(text).toMatch(
      /^apiVersion: reads.example.com\/v1\nkind: Widget\nmetadata:\n {2}creationTimestamp: "/,
    );
    expect(text).toContain('  options:\n    a: "2"\n    z: "1"\n  replicas: 3\n  tags:\n  - a\n  - b\n');
  });

  it('has a Table of a Scale', async () => {
    const answer = await api.send(`${WIDGETS}/one/scale`, { headers: { accept: TABLE } });
    const table = answer.json() as unknown as {
      columnDefinitions: { name: string }[];
      rows: { cells: unknown[] }[];
    };
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Desired', 'Available', 'Age']);
    expect(table.rows[0]?.cells.slice(0, 3)).toEqual(['one', 3, 0]);
  });

  it('takes the first of several values for a cell, and says where a column comes from', async () => {
    const answer = await api.send(`${WIDGETS}/one`, { headers: { accept: TABLE } });
    const table = answer.json() as unknown as {
      columnDefinitions: { description: string }[];
      rows: { cells: unknown[] }[];
    };
    expect(table.rows[0]?.cells).toEqual(['one', 'a', null]);
    expect(table.columnDefinitions[1]?.description).toBe(
      'Custom resource definition column (in JSONPath format): .spec.tags[*]',
    );
  });
});

it('watches one object by the older form of its path', async () => {
  const path = '/apis/agent.wecode.io/v1/watch/namespaces/default/ghosts/two?timeoutSeconds=1';
  await using lines = await api.lines(path);
  const event = JSON.parse((await lines.next()) ?? '') as { object: { metadata: { name: string } } };
  expect(event.object.metadata.name).toBe('two');
});

it('marks the end of a cached state in a Table, too', async () => {
  const path = `${WIDGETS}?watch=1&resourceVersion=0&allowWatchBookmarks=true`;
  await using lines = await api.lines(path, { accept: TABLE });
  await lines.next();
  const { type, object } = JSON.parse((await lines.next()) ?? '') as {
    type: string;
    object: { rows: { cells: unknown[]; object: { metadata: object } }[] };
  };
  expect([type, object.rows[0]?.cells]).toEqual(['BOOKMARK', ['', null, null]]);
  expect(object.rows[0]?.object.metadata).toMatchObject({
    annotations: { 'k8s.io/initial-events-end': 'true' },
  });
});
