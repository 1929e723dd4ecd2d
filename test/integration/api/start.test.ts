import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startApi } from '#api/main';
import { silentLogger } from '#api/machinery/logger';
import { temporaryFolder } from '#dev/environment/temporary-folder';

it('leaves nothing that listens behind when it cannot write its kubeconfig', async () => {
  await using folder = await temporaryFolder('api');
  await writeFile(path.join(folder.path, 'file'), '');
  const port = await freePort();
  const options = { listen: { host: '127.0.0.1', port }, dataDir: path.join(folder.path, 'data') };
  const writeKubeconfig = path.join(folder.path, 'file', 'kubeconfig');
  await expect(startApi({ ...options, logger: silentLogger, writeKubeconfig })).rejects.toThrow(
    /EEXIST|ENOTDIR/,
  );
  const api = await startApi({ ...options, logger: silentLogger });
  await api.close();
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
