import { expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import type { KubeObject } from '#api/machinery/meta';
import { readReferredServers } from './referred-servers.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const secretKeyRef = { name: 's', key: 'k' };
const server = (status: object) => ({
  metadata: { namespace: 'ns', name: 'tools', uid: 'u1' },
  spec: {
    transport: { http: { url: 'http://x', headers: [{ name: 'X-Key', valueFrom: { secretKeyRef } }] } },
  },
  status,
});
const secret = { data: { k: base64('real') } };

/** The answers of the API, by plural. */
const api = (objects: Record<string, object>): Pick<Client, 'find'> => ({
  find: <T extends KubeObject>({ plural }: { plural: string }) =>
    Promise.resolve(objects[plural] as T | undefined),
});

const serverRef = { namespace: 'ns', name: 'tools' };
const closed = { circuitBreaker: { state: 'Closed' }, lastCheck: { key: 'k1' } };
const open = { circuitBreaker: { state: 'Open' }, message: 'The server cannot be used: refused.' };

it.each<[string, Record<string, object>, Record<string, unknown>, object]>([
  [
    'one that works has its values, and a name for its results',
    { mcpservers: server(closed), secrets: secret },
    { type: 'http', serverRef },
    { values: { t: { headers: { 'X-Key': 'real' } } }, scopes: { t: 'u1/k1' }, unavailable: {} },
  ],
  [
    'one that was not checked is tried, and nothing is kept of it',
    { mcpservers: server({}), secrets: secret },
    { type: 'http', serverRef },
    { values: { t: { headers: { 'X-Key': 'real' } } }, scopes: {}, unavailable: {} },
  ],
  [
    'one that fails all its checks is not tried',
    { mcpservers: server(open), secrets: secret },
    { type: 'http', serverRef },
    {
      ...{ values: {}, scopes: {} },
      unavailable: {
        t: 'the checks of MCPServer "ns/tools" fail again and again: The server cannot be used: refused',
      },
    },
  ],
  [
    'one that is not there keeps no run back',
    {},
    { type: 'http', serverRef },
    { values: {}, scopes: {}, unavailable: { t: 'MCPServer "ns/tools" not found' } },
  ],
  [
    'nor does one that came too late for the Task',
    { mcpservers: server(closed), secrets: secret },
    { serverRef },
    { values: {}, scopes: {}, unavailable: { t: 'MCPServer "ns/tools" was not there when the Task began' } },
  ],
  [
    'nor one without its Secret',
    { mcpservers: server(closed) },
    { type: 'http', serverRef },
    { values: {}, scopes: {}, unavailable: { t: 'Secret "ns/s" not found' } },
  ],
  [
    'one that a Ghost has written is not one of them',
    {},
    { url: 'http://y' },
    { values: {}, scopes: {}, unavailable: {} },
  ],
])('Of MCPServers, %s', async (_, objects, entry, want) => {
  expect(await readReferredServers(api(objects), { t: entry })).toEqual(want);
});

it('A server of the API that is away is no missing MCPServer', async () => {
  const away = { find: () => Promise.reject(new Error('away')) };
  await expect(readReferredServers(away, { t: { type: 'http', serverRef } })).rejects.toThrow('away');
});
