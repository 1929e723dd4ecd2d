import fc from 'fast-check';
import { Pool } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Logger } from '#api/machinery/logger';
import { silentLogger } from '#api/machinery/logger';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { hostileRequest, nearlyRight } from './hostile-requests.ts';
import type { HostileRequest } from './hostile-requests.ts';

/** Requests that are under way together. */
const CROWD = 25;
const CROWDS = 80;
/** What the process may keep of all this. */
const MEMORY_BYTES = 250 * 1024 * 1024;

let api: TestApi;
let pool: Pool;
const complaints: string[] = [];
const logger: Logger = {
  ...silentLogger,
  error: (message, fields) => complaints.push(`${message} ${String(fields?.['error'])}`),
  with: () => logger,
};

beforeAll(async () => {
  api = await testApi({ logger });
  pool = new Pool(api.url, { connect: { ca: api.caCertificate }, allowH2: false, connections: CROWD });
});

afterAll(async () => {
  await pool.destroy();
  await api[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  type: string;
  text: string;
}

async function send({ method, path, headers, body }: HostileRequest): Promise<Answer> {
  const abort = new AbortController();
  const answer = await pool.request({
    method,
    path,
    headers: { ...headers, authorization: `Bearer ${api.token}` },
    signal: abort.signal,
    ...(body === undefined ? {} : { body }),
  });
  const type = String(answer.headers['content-type'] ?? '');
  const isStream = answer.headers['content-length'] === undefined && answer.statusCode === 200;
  if (!isStream) return { status: answer.statusCode, type, text: await answer.body.text() };
  // It may go on for as long as nobody ends it.
  abort.abort();
  answer.body.on('error', () => undefined);
  return { status: answer.statusCode, type, text: '' };
}

/** Why the answer is wrong. */
function fault({ path, method }: HostileRequest, { status, type, text }: Answer): string | undefined {
  const mayWait = status === 504 && /resourceVersion=|timeout=|continue=/.test(path);
  if (status >= 500 && !mayWait) return `answered ${status}: ${text}`;
  if (text === '' || method === 'HEAD' || !type.startsWith('application/json')) return undefined;
  const value = JSON.parse(text) as { kind?: unknown; code?: unknown; message?: unknown };
  if (status < 400) return undefined;
  const isStatus = value.kind === 'Status' && value.code === status && typeof value.message === 'string';
  return isStatus ? undefined : `answered ${status} with ${text}`;
}

it('answers whatever comes, and goes on', async () => {
  const before = memory();
  const crowd = fc.array(fc.oneof(hostileRequest, nearlyRight), { minLength: CROWD, maxLength: CROWD });
  await fc.assert(
    fc.asyncProperty(crowd, async (requests) => {
      const faults = await Promise.all(requests.map(async (request) => fault(request, await send(request))));
      expect(faults.filter((one) => one !== undefined)).toEqual([]);
    }),
    { numRuns: CROWDS, seed: 20_261_121, endOnFailure: true },
  );
  expect(complaints, 'what the server logs as its own fault').toEqual([]);
  expect((await api.send('/readyz')).text).toBe('ok');
  expect(memory() - before).toBeLessThan(MEMORY_BYTES);
});

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Each of these has exhausted the stack, or minutes of work, once. */
it.each([
  [
    'an enum of very many values',
    { type: 'string', enum: Array.from({ length: 200_000 }, (_, n) => String(n)) },
    201,
  ],
  ['very many properties without a type', { type: 'object', properties: numbered(150_000, {}) }, 422],
  [
    'very many keys of a list',
    {
      type: 'array',
      items: { type: 'object' },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': Object.keys(numbered(150_000, {})),
    },
    422,
  ],
])('judges a definition with %s', async (_name, schema, status) => {
  const version = { name: 'v1', served: true, storage: true };
  const openAPIV3Schema = { type: 'object', properties: { a: schema } };
  const body = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'heavies.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'heavies', kind: 'Heavy' },
      versions: [{ ...version, schema: { openAPIV3Schema } }],
    },
  };
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All';
  expect((await api.send(path, { method: 'POST', body })).status).toBe(status);
});

it.each([
  ['" ', 'texts that follow one another'],
  ['!!set ', 'tags that follow one another'],
  ['[', 'brackets that never close'],
  ['{a: ', 'braces that never close'],
  ['- ', 'lists of lists'],
])('refuses YAML of nothing but %j', async (text, reason) => {
  const sent = { method: 'POST', headers: { 'content-type': 'application/yaml' } } as const;
  const body = text.repeat(250_000 / text.length);
  const answer = await api.send('/api/v1/namespaces/default/configmaps', { ...sent, body });
  expect(answer.status, reason).toBe(400);
});

function numbered<T>(count: number, value: T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`p${n}`, value]));
}
