import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startApi } from '#api/main';
import { silentLogger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { databaseBytes } from '../../kit/database-bytes.ts';
import { testApi } from '../../kit/api.ts';

const AGENT = '/apis/agent.wecode.io/v1/namespaces/default';
const APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

it('keeps credentials out of the database, whatever is done to their objects', async () => {
  await using api = await testApi();
  const objects = [
    {
      at: '/api/v1/namespaces/default/secrets',
      kind: 'Secret',
      apiVersion: 'v1',
      stringData: { k: 'MARKER-1' },
    },
    {
      at: `${AGENT}/models`,
      kind: 'Model',
      apiVersion: 'agent.wecode.io/v1',
      spec: { modelConfig: { env: { api_key: 'MARKER-2' } } },
    },
    {
      at: `${AGENT}/ghosts`,
      kind: 'Ghost',
      apiVersion: 'agent.wecode.io/v1',
      spec: { systemPrompt: 'MARKER-3', mcpServers: { m: { command: 'c', env: { TOKEN: 'MARKER-4' } } } },
    },
  ];
  for (const { at, ...object } of objects) {
    const metadata = { name: 'a', annotations: { [APPLIED]: JSON.stringify(object) } };
    const made = await api.send(at, { method: 'POST', body: { ...object, metadata } });
    expect(made.status, made.text).toBe(201);
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const applied = {
      apiVersion: object.apiVersion,
      kind: object.kind,
      metadata: { name: 'a', labels: { l: 'MARKER-5' } },
    };
    const patched = await api.send(`${at}/a?fieldManager=MARKER-6`, {
      method: 'PATCH',
      headers,
      body: applied,
    });
    expect(patched.status, patched.text).toBe(200);
    expect((await api.send(`${at}/a`)).text).toContain('MARKER-6');
    expect((await api.send(`${at}/a`, { method: 'DELETE' })).status).toBe(200);
    await api.send(at, { method: 'POST', body: { ...object, metadata } });
  }
  const plain = { kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' }, data: { k: 'seen' } };
  await api.send('/api/v1/namespaces/default/configmaps', { method: 'POST', body: plain });
  const whileOpen = await databaseBytes(api.dataDir);
  await api.close();
  const closed = await databaseBytes(api.dataDir);
  expect(closed, 'what is plain can be seen').toContain('"k":"seen"');
  expect(whileOpen + closed).not.toContain('MARKER');
  await using again = await testApi({ dataDir: api.dataDir });
  expect((await again.send(`${AGENT}/models/a`)).text).toContain('MARKER-2');
});

it('tells in one line what is wrong with its root keys', async () => {
  await using folder = await temporaryFolder('api');
  const start = (more = {}) =>
    startApi({ listen: { host: '127.0.0.1', port: 0 }, dataDir: folder.path, logger: silentLogger, ...more });
  const file = path.join(folder.path, 'encryption-keys');
  await (await start()).close();
  await chmod(file, 0o644);
  await expect(start()).rejects.toThrow(/encryption-keys are open to others \(mode 0644\): chmod 600/);
  await chmod(file, 0o640);
  await (await start()).close();
  await rename(file, `${file}.away`);
  await expect(start()).rejects.toThrow(
    /there is no file \S+encryption-keys, but the database needs the root key/,
  );
  await writeFile(file, 'no key\n', { mode: 0o600 });
  await expect(start()).rejects.toThrow(/encryption-keys, line 1, is no key/);
  await (await start({ rootKeyFile: `${file}.away` })).close();
  const elsewhere = path.join(folder.path, 'none');
  await expect(start({ rootKeyFile: elsewhere })).rejects.toThrow(
    /there is no file \S+none, but the database needs/,
  );
  await expect(start({ encrypt: ['model'] })).rejects.toThrow(/no kind to encrypt is called "model"/);
});

it('shows and rotates its keys for owners only, and never the keys themselves', async () => {
  await using api = await testApi();
  for (const token of [undefined, 'wrong']) {
    expect((await api.send('/admin/encryption', { token })).status).toBe(401);
    expect((await api.send('/admin/encryption/rotate', { token, method: 'POST' })).status).toBe(401);
  }
  const keys = await readFile(path.join(api.dataDir, 'encryption-keys'), 'utf8');
  const rotated = await api.send('/admin/encryption/rotate?root=true', { method: 'POST' });
  expect(rotated.json()).toMatchObject({ dataKey: expect.stringMatching(/^k2-/) });
  expect((await api.send('/admin/encryption/rotate?root=x', { method: 'POST' })).status).toBe(400);
  const status = await api.send('/admin/encryption');
  expect(status.json()).toMatchObject({ rootKeys: [{}, {}], plainRows: 0 });
  for (const line of keys.split('\n').filter((text) => !text.startsWith('#') && text !== '')) {
    expect(status.text + rotated.text).not.toContain(line);
  }
});
