import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { makePackage, packPackage } from '#release/package';
import manifest from '../../package.json' with { type: 'json' };
import { ALLOWED_ADDRESSES } from '../kit/allowed-addresses.ts';
import { mustRun, run } from '../kit/command.ts';
import type { CommandResult } from '../kit/command.ts';
import { evidence } from '../kit/evidence.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';

/** The npm package as somebody installs it who has npm and no checkout. */
const stack = new AsyncDisposableStack();
/** An empty folder, then one with the package. */
let folder: string;
let kubeconfig: string;
let environment: Record<string, string>;

beforeAll(async () => {
  const place = stack.use(await temporaryFolder('npm')).path;
  const [source, home] = [path.join(place, 'package'), path.join(place, 'home')];
  folder = path.join(place, 'empty');
  // Conversations run as a user of their own, where the server runs as root: it has to read the package.
  await mustRun('chmod', ['0755', place]);
  await mustRun('mkdir', [folder, home]);
  await makePackage(source);
  const tarball = await packPackage(source);
  // Nothing of this checkout is on the way: neither its node nor its packages.
  const PATH = (process.env['PATH'] ?? '').split(':').filter((one) => !one.includes('node_modules'));
  environment = { PATH: PATH.join(':'), TROUPE_DATABASE_URL: '', TROUPE_REDIS_URL: '' };
  await mustRun('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', tarball], {
    cwd: folder,
    env: environment,
  });
  environment['HOME'] = home;
  const data = path.join(place, 'data');
  kubeconfig = path.join(data, 'kubeconfig');
  const port = await freePort();
  const args = ['troupe', 'server', `--listen=127.0.0.1:${port}`, `--data-dir=${data}`, '--driver=process'];
  const server = await startProcess({
    ...{ command: 'npx', args, cwd: folder, patienceMs: 30_000 },
    env: { ...process.env, ...environment, TROUPE_ALLOWED_ADDRESSES: ALLOWED_ADDRESSES },
  });
  const heard = evidence('npx troupe server', () => server.output());
  stack.defer(async () => {
    await server.stop();
    heard[Symbol.dispose]();
  });
  const ready = (): boolean => server.output().includes('troupe server ready');
  await server.until({ what: 'get ready', ready, timeoutMs: 60_000 });
});
afterAll(() => stack.disposeAsync());

const troupe = (...args: string[]): Promise<CommandResult> =>
  run('npx', ['troupe', ...args], { cwd: folder, env: { ...environment, KUBECONFIG: kubeconfig } });

describe('the npm package', () => {
  it('brings little, and nothing that a script has to build', async () => {
    const lock = await readFile(path.join(folder, 'node_modules/.package-lock.json'), 'utf8');
    const { packages } = JSON.parse(lock) as { packages: Record<string, { hasInstallScript?: boolean }> };
    const names = Object.keys(packages).map((name) => name.replace('node_modules/', ''));
    const node = [`node-linux-${process.arch}`];
    expect(names.sort()).toEqual(['better-sqlite3', 'node-addon-api', ...node, 'troupe']);
    expect(Object.values(packages).filter((one) => one.hasInstallScript)).toEqual([]);
    const bill = await readFile(path.join(folder, 'node_modules/troupe/sbom.cdx.json'), 'utf8');
    expect(bill).toContain('"purl": "pkg:npm/hono@');
  });

  it('holds no path of the machine that made it, and no TypeScript', async () => {
    const home = path.join(folder, 'node_modules/troupe');
    const files = await readdir(home, { recursive: true, withFileTypes: true });
    const names = files.filter((file) => file.isFile()).map((file) => path.join(file.parentPath, file.name));
    expect(names.filter((name) => name.endsWith('.ts'))).toEqual([]);
    const texts = await Promise.all(names.map(async (name) => [name, await readFile(name, 'utf8')] as const));
    expect(texts.filter(([, text]) => text.includes(`${ROOT}/`)).map(([name]) => name)).toEqual([]);
  });

  it('knows its version', async () => {
    expect(await troupe('--version')).toMatchObject({ code: 0, stdout: `${manifest.version}\n` });
  });

  it('does a Task of an example', async () => {
    const script = await readFile(path.join(ROOT, 'examples/pipeline/model/script.yaml'), 'utf8');
    await using model = await modelService(script);
    const team = await readFile(path.join(ROOT, 'examples/pipeline/team.yaml'), 'utf8');
    await writeFile(
      path.join(folder, 'team.yaml'),
      team.replace('http://host.docker.internal:8090', model.url),
    );
    const applied = await troupe('apply', '-f', 'team.yaml');
    expect(applied, applied.stderr).toMatchObject({ code: 0 });
    const shown = await troupe('run', 'haiku', 'A haiku about the sea', '--name=sea');
    expect(shown, shown.stderr).toMatchObject({ code: 0 });
    expect(shown.stdout).toContain('The shore keeps them all.');
    expect((await troupe('get', 'task', 'sea')).stdout).toContain('COMPLETED');
    await troupe('delete', 'task', 'sea');
  });

  it('says which agent has to be installed beside it', async () => {
    const example = await readFile(path.join(ROOT, 'examples/pipeline/team.yaml'), 'utf8');
    await writeFile(
      path.join(folder, 'agent.yaml'),
      example.replace('shellType: Chat', 'shellType: ClaudeCode'),
    );
    await troupe('apply', '-f', 'agent.yaml');
    const shown = await troupe('run', 'haiku', 'A haiku about the sea', '--name=agent');
    expect(shown.code).not.toBe(0);
    expect(shown.stdout + shown.stderr).toContain('npm install @anthropic-ai/claude-code');
    await troupe('delete', 'task', 'agent');
  });
});
