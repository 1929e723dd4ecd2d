import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunningProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { buildServerImage } from '#release/image';
import manifest from '../../package.json' with { type: 'json' };
import { mustRun, run } from '../kit/command.ts';
import { ROOT } from '../kit/paths.ts';
import { serverContainers } from '../kit/server-containers.ts';
import type { ServerContainers } from '../kit/server-containers.ts';

/** The image of the server, built from scratch: each process in a container of its own, with a read-only root. */
const TAG = 'troupe:test';
const KUBECONFIG = '/data/kubeconfig';
const CONTROLLERS = '/data/.troupe/identities/kube-system/troupe-controllers/kubeconfig';
/** In seconds, as Kubernetes has it. */
const GRACE = 30;

const stack = new AsyncDisposableStack();
const processes = new Map<string, RunningProcess>();
let containers: ServerContainers;
let folder: string;

beforeAll(async () => {
  await buildServerImage({ tag: TAG, revision: 'abc123' });
  stack.defer(async () => void (await run('docker', ['rmi', TAG])));
  folder = stack.use(await temporaryFolder('image')).path;
  await mustRun('chmod', ['0755', folder]);
  const team = await readFile(path.join(ROOT, 'examples/pipeline/team.yaml'), 'utf8');
  await writeFile(path.join(folder, 'team.yaml'), team.replace('host.docker.internal', 'model'));
  await mustRun('cp', [path.join(ROOT, 'examples/pipeline/model/script.yaml'), folder]);
  containers = stack.use(await serverContainers(TAG));
  const start = async (
    name: string,
    args: readonly string[],
    flags: readonly string[] = [],
  ): Promise<void> => {
    const readyLine = new RegExp(`^troupe ${name} ready`);
    processes.set(name, await containers.start({ name, args: [name, ...args], flags, readyLine }));
  };
  const files = `--volume=${folder}:/files:ro`;
  await start(
    'model-server',
    ['--script=/files/script.yaml', '--listen=:8090'],
    [files, '--network-alias=model'],
  );
  const address = 'https://api:7443';
  await start(
    'api',
    ['--listen=:7443', `--advertise-url=${address}`, `--write-kubeconfig=${KUBECONFIG}`],
    [files],
  );
  await start('controllers', [`--kubeconfig=${CONTROLLERS}`]);
  const joined = await containers.exec('api', [
    'troupe',
    'executor',
    'join',
    'image',
    `--kubeconfig=${KUBECONFIG}`,
  ]);
  await writeFile(path.join(folder, 'executor'), joined, { mode: 0o644 });
  await start(
    'executor-manager',
    ['--kubeconfig=/files/executor', '--data-dir=/tmp/executor'],
    [...[files, '--tmpfs=/tmp:mode=1777', '--init', '--env=TROUPE_ALLOWED_ADDRESSES=model']],
  );
});
afterAll(() => stack.disposeAsync());

describe('the image', () => {
  it('says what it is, and has a list of what is in it', async () => {
    const [image] = JSON.parse(await mustRun('docker', ['inspect', TAG])) as [
      { Size: number; Config: { User: string; Labels: Record<string, string> } },
    ];
    expect(image.Config.User).toBe('65532:65532');
    expect(image.Config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'troupe',
      'org.opencontainers.image.version': manifest.version,
      'org.opencontainers.image.revision': 'abc123',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
    expect(image.Size, 'bytes').toBeLessThan(200e6);
    const script = `process.stdout.write(require('fs').readFileSync('/opt/troupe/sbom.cdx.json'))`;
    const bill = JSON.parse(await containers.exec('api', ['node', '-e', script])) as {
      bomFormat: string;
      components: { name: string; version: string; licenses?: unknown }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    const names = bill.components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['better-sqlite3', 'hono', 'mysql2', 'commander', 'undici']),
    );
    expect(names, 'programs of agents are in the sandboxes').not.toContain('@openai/codex');
    expect(bill.components.filter(({ licenses }) => licenses === undefined)).toEqual([]);
  });

  it('has neither a shell nor a package manager', async () => {
    for (const program of ['/bin/sh', 'apt-get', 'npm', 'curl']) {
      const { code } = await run('docker', ['run', '--rm', `--entrypoint=${program}`, TAG]);
      expect(code, program).toBe(127);
    }
  });

  it('is built for the other architecture without emulating it', async () => {
    const arch = process.arch === 'arm64' ? 'amd64' : 'arm64';
    const tag = await buildServerImage({ tag: `${TAG}-${arch}`, architecture: arch });
    expect((await mustRun('docker', ['inspect', '--format={{.Architecture}}', tag])).trim()).toBe(arch);
    const id = (await mustRun('docker', ['create', tag])).trim();
    const sqlite = `prebuilds/linux-${arch === 'arm64' ? 'arm64' : 'x64'}.node`;
    try {
      for (const name of ['node', `node_modules/better-sqlite3/${sqlite}`]) {
        const copy = path.join(folder, path.basename(name));
        await mustRun('docker', ['cp', `${id}:/opt/troupe/${name}`, copy]);
        // e_machine of the ELF header: EM_AARCH64, EM_X86_64.
        expect((await readFile(copy)).readUInt16LE(18), name).toBe(arch === 'arm64' ? 183 : 62);
      }
    } finally {
      await mustRun('docker', ['rm', id]);
      await mustRun('docker', ['rmi', tag]);
    }
  });

  it('runs as any user', async () => {
    const said = await mustRun('docker', ['run', '--rm', '--read-only', '--user=1234567', TAG, '--version']);
    expect(said.trim()).toBe(manifest.version);
  });

  it('says which folder it cannot write', async () => {
    const { code, stderr } = await run('docker', ['run', '--rm', '--user=1234567', TAG]);
    expect(code).toBe(1);
    expect(stderr).toContain('cannot use the data folder /data/.troupe');
    expect(stderr).toContain('permission denied; choose another with --data-dir');
  });
});

describe('its processes', () => {
  it.each(['api', 'controllers', 'executor-manager'])('%s is healthy', async (name) => {
    expect(await containers.exec(name, ['node', '/opt/troupe/lib/healthcheck.js'])).toMatch(
      /\/readyz: ok\n$/,
    );
  });

  it('do a Task', async () => {
    const troupe = (...args: string[]): Promise<string> =>
      containers.exec('api', ['troupe', ...args, `--kubeconfig=${KUBECONFIG}`]);
    await troupe('apply', '-f', '/files/team.yaml');
    const shown = await troupe('run', 'haiku', 'A haiku about the sea', '--name=sea');
    expect(shown).toContain('The shore keeps them all.');
    expect(await troupe('get', 'task', 'sea')).toContain('COMPLETED');
    await troupe('delete', 'task', 'sea');
  });

  it.each(['controllers', 'executor-manager', 'api', 'model-server'])(
    '%s ends when it is told to',
    async (name) => {
      const container = processes.get(name);
      const begin = performance.now();
      await container?.stop();
      expect(await container?.exited).toBe(0);
      expect((performance.now() - begin) / 1000).toBeLessThan(GRACE);
    },
  );

  it('one that has just begun ends, too: the first process of a container gets no signal by itself', async () => {
    const id = await mustRun('docker', ['run', '--detach', '--tmpfs=/data:uid=65532', TAG]);
    try {
      await mustRun('docker', ['stop', '--time=20', id.trim()]);
      const code = await mustRun('docker', ['inspect', '--format={{.State.ExitCode}}', id.trim()]);
      expect(['0', '143']).toContain(code.trim());
    } finally {
      await mustRun('docker', ['rm', '--force', id.trim()]);
    }
  });
});
