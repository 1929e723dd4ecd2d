import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, task } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { startServer } from '../kit/troupe-process.ts';

/** examples/starter as a user applies it, and a Task for each of its Teams, with the scripted model. */
const STARTER = path.join(ROOT, 'examples/starter');
const SCRIPTED = path.join(ROOT, 'examples/starter-scripted');

interface Read {
  kind: string;
  metadata: { name: string };
}

async function teamsOf(folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.yaml'));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const objects = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Read));
  return objects.filter(({ kind }) => kind === 'Team').map(({ metadata }) => metadata.name);
}

const teams = await teamsOf(STARTER);
const stack = new AsyncDisposableStack();
let commands: Commands;
let modelManifest: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('starter')).path;
  const script = await readFile(path.join(SCRIPTED, 'script.yaml'), 'utf8');
  const model = stack.use(await modelService(script));
  modelManifest = (await readFile(path.join(SCRIPTED, 'model.yaml'), 'utf8')).replace(
    'http://host.docker.internal:8090',
    model.url,
  );
  const server = stack.use(await startServer({ dataDir: path.join(folder, 'data') }));
  commands = commandsFor(server.kubeconfig);
});
afterAll(() => stack.disposeAsync());

describe('the starter Teams', () => {
  it('are applied by one command, of troupe and of kubectl, and are unchanged the second time', async () => {
    const first = await commands.troupe(['apply', '-f', STARTER]);
    expect(first, first.stderr).toMatchObject({ code: 0 });
    const again = (await commands.troupe(['apply', '-f', STARTER])).stdout.trim().split('\n');
    expect(again.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    const applied = (await commands.mustKubectl(['apply', '-R', '-f', STARTER])).trim().split('\n');
    expect(applied.filter((line) => !line.endsWith(' unchanged'))).toEqual([]);
    expect(teams).toHaveLength(12);
  });

  it('say what is missing while there is no key, and need nothing else', async () => {
    const wait = ['wait', '--for=jsonpath={.status.state}=Unavailable', '--timeout=60s'];
    await commands.mustKubectl([...wait, 'model/starter']);
    const { status } = await commands.get<{ status: { message: string } }>('model', 'starter');
    expect(status.message).toContain('starter-model');
    await commands.apply(modelManifest);
    const ready = ['--for=condition=Ready', '--timeout=60s', '--all'];
    for (const kind of ['skills', 'ghosts', 'bots', 'teams']) {
      await commands.mustKubectl(['wait', kind, ...ready]);
    }
  });

  it.each(teams)('%s works', async (name) => {
    await commands.apply(manifests(task({ name, team: name, prompt: 'Please do it.' })));
    await commands.mustKubectl(['wait', `task/${name}`, '--for=condition=Finished', '--timeout=180s']);
    const { status } = await commands.get<{
      status: { status: string; errorMessage?: string; result?: { value: string } };
    }>('task', name);
    expect(status.status, status.errorMessage).toBe('COMPLETED');
    expect(status.result?.value).not.toBe('');
  });
});
