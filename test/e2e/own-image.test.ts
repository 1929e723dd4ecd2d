import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { imageRegistry } from '../kit/image-registry.ts';
import type { ImageRegistry } from '../kit/image-registry.ts';
import { manifests, object } from '../kit/manifests.ts';
import { startServer } from '../kit/troupe-process.ts';

const stack = new AsyncDisposableStack();
let commands: Commands;
let registry: ImageRegistry;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('own-image')).path;
  registry = stack.use(await imageRegistry());
  const first = await freePort();
  const server = stack.use(
    await startServer({
      dataDir: path.join(folder, 'data'),
      driver: 'docker',
      env: { EXECUTOR_PORT_RANGE_MIN: String(first), EXECUTOR_PORT_RANGE_MAX: String(first + 4) },
    }),
  );
  commands = commandsFor(server.kubeconfig);
});
afterAll(() => stack.disposeAsync());

const imageReady = (status: string, name: string): Promise<string> =>
  commands.mustKubectl(['wait', `shell/${name}`, `--for=condition=ImageReady=${status}`, '--timeout=90s']);

describe('a Shell with an image of its own', () => {
  it('is checked in a sandbox of the executor, and shows what was found', async () => {
    const image = await registry.push('team/own:1', { files: { 'usr/bin/tool': 'x' } });
    const shell = (name: string, baseImage: string): object =>
      object('Shell', name, { shellType: 'ClaudeCode', baseImage });
    await commands.apply(manifests(shell('fine', image), shell('absent', registry.nameOf('team/absent:1'))));
    await imageReady('True', 'fine');
    await imageReady('False', 'absent');
    const { status } = await commands.get<{ status: { state: string; message: string } }>('shell', 'absent');
    expect(status).toMatchObject({
      state: 'Unavailable',
      message: expect.stringContaining('cannot be pulled: manifest unknown'),
    });
    await commands.mustKubectl(['wait', 'sandboxes', '--all', '--for=delete', '--timeout=60s']);
  });
});
