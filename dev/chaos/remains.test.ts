import { mkdir } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { startProcess } from '../environment/process.ts';
import { temporaryFolder } from '../environment/temporary-folder.ts';
import { executorFiles, temporaryFiles, openPorts, processesOf, untilNothingIsLeft } from './remains.ts';

const place = (dataDir: string, port = 0) => ({ name: 'x', dataDir, ports: { min: port, max: port } });

describe('remains are found', () => {
  it('files of runtimes and of kept work, and temporary ones', async () => {
    await using folder = await temporaryFolder('remains');
    const base = path.join(folder.path, 'executors/x');
    const kinds = ['runtimes', 'work'].map((name) => path.join(base, name));
    for (const kind of kinds) await mkdir(path.join(kind, 'one'), { recursive: true });
    expect(await executorFiles(place(folder.path))).toEqual(kinds.map((kind) => `file ${kind}/one`));
    expect(await temporaryFiles(base)).toEqual(kinds.map((kind) => `file ${kind}`));
  });

  it('ports on which somebody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await openPorts(place('/', port))).toEqual([`port ${port}`]);
    server.close();
    await once(server, 'close');
    expect(await openPorts(place('/', port))).toEqual([]);
  });

  it('processes that have the folder in their environment, and only as long as they run', async () => {
    await using folder = await temporaryFolder('remains');
    await using started = await startProcess({
      command: 'sleep',
      args: ['60'],
      env: { ...process.env, TMPDIR: folder.path },
    });
    expect(await processesOf(folder.path)).toEqual([`process ${started.pid}: sleep 60 `]);
    await started.stop();
    expect(await untilNothingIsLeft(() => processesOf(folder.path), 10_000)).toEqual([]);
  });

  it('only after they had their time to go', async () => {
    const looks = [['a'], ['a'], []];
    expect(await untilNothingIsLeft(() => Promise.resolve(looks.shift() ?? []), 10_000)).toEqual([]);
    expect(await untilNothingIsLeft(() => Promise.resolve(['a']), 0)).toEqual(['a']);
  });
});
