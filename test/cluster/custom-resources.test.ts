import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { testCluster } from '../kit/cluster.ts';
import { commandsFor } from '../kit/command.ts';
import type { Commands } from '../kit/command.ts';
import { manifests, SECRET_KEY, task, teamManifests } from '../kit/manifests.ts';
import { modelService } from '../kit/model-script.ts';
import { ROOT } from '../kit/paths.ts';
import { SHORT_LEASE, startTroupe } from '../kit/troupe-process.ts';

/** Only the controllers and an executor manager, against a cluster that has crds/: no server of ours. */
const given = testCluster();
const stack = new AsyncDisposableStack();
let admin: Commands;

interface Kubeconfig {
  users: { user: object }[];
}

async function kubeconfigOf(account: string, folder: string): Promise<string> {
  const token = await admin.mustKubectl(['create', 'token', '-n', 'kube-system', account, '--duration=1h']);
  const config = parse(await readFile(given.cluster.kubeconfig, 'utf8')) as Kubeconfig;
  for (const entry of config.users) entry.user = { token: token.trim() };
  const file = path.join(folder, `${account}.kubeconfig`);
  await writeFile(file, stringify(config), { mode: 0o600 });
  return file;
}

describe.skipIf(given.missing)('a cluster that has crds/', () => {
  beforeAll(async () => {
    const folder = stack.use(await temporaryFolder('crds')).path;
    admin = commandsFor(given.cluster.kubeconfig);
    await admin.mustKubectl(['apply', '-f', path.join(ROOT, 'crds')]);
    // Nobody waits for the cluster's own finalizers: it ends with the run.
    stack.defer(async () => {
      await admin.mustKubectl(['delete', '-f', path.join(ROOT, 'crds'), '--wait=false']);
      await admin.mustKubectl(['delete', '-f', path.join(ROOT, 'deploy/custom-resources')]);
    });
    await admin.mustKubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    await admin.mustKubectl(['apply', '-f', path.join(ROOT, 'deploy/custom-resources')]);
    const model = stack.use(await modelService('rules:\n  - reply: the answer is 42\n'));
    const controllers = ['controllers', '--kubeconfig', await kubeconfigOf('troupe-controllers', folder)];
    stack.use(
      await startTroupe({ args: [...controllers, ...SHORT_LEASE], readyLine: /^troupe controllers ready/ }),
    );
    const manager = ['executor-manager', '--driver', 'process', '--data-dir', path.join(folder, 'executor')];
    const kubeconfig = await kubeconfigOf('troupe-executor-manager', folder);
    const readyLine = /^troupe executor-manager ready/;
    stack.use(await startTroupe({ args: [...manager, '--kubeconfig', kubeconfig], readyLine }));
    // While the manager is there that lets go of its Sandboxes.
    stack.defer(async () => {
      await admin.mustKubectl(['delete', 'tasks,sandboxes', '--all', '--timeout=60s']);
      // Later: with it gone, the controllers would let go of the Sandboxes in the manager's place.
      await admin.mustKubectl(['delete', 'executors', '--all', '--wait=false']);
    });
    await admin.apply(teamManifests({ name: 'chat', modelURL: model.url, shellType: 'Chat' }));
    await admin.apply(manifests(task({ name: 'asked', team: 'chat', prompt: 'What is the answer?' })));
    await admin.mustKubectl(['wait', 'task/asked', '--for=condition=Finished', '--timeout=120s']);
  });
  afterAll(() => stack.disposeAsync());

  test('every definition is structural, with its rules and columns accepted', async () => {
    const text = await admin.mustKubectl(['get', 'crd', '-o', 'json']);
    const { items } = JSON.parse(text) as {
      items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
    };
    const ours = items.filter(({ metadata }) => metadata.name.endsWith('.agent.wecode.io'));
    expect(ours.length).toBeGreaterThan(10);
    for (const { metadata, status } of ours) {
      const named = Object.fromEntries(status.conditions.map(({ type, status: holds }) => [type, holds]));
      expect(named, metadata.name).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(named['NonStructuralSchema'] ?? 'False', metadata.name).toBe('False');
    }
  });

  test('a Task runs to its end, and kubectl shows it in columns', async () => {
    const table = await admin.mustKubectl(['get', 'tasks']);
    expect(table).toMatch(/NAME\s+STATUS\s+PROGRESS\s+TEAM\s+AGE\nasked\s+COMPLETED\s+100\s+chat\s/);
    const value = await admin.mustKubectl(['get', 'task/asked', '-o=jsonpath={.status.result.value}']);
    expect(value).toBe('the answer is 42');
  });

  test('the end of its log is in its Sandbox, and troupe logs says that it is no more', async () => {
    const shown = await admin.troupe(['logs', 'asked']);
    expect(shown).toMatchObject({ code: 0, stdout: expect.stringContaining('the answer is 42') as string });
    expect(shown.stderr).toContain('without event logs');
    const sandboxes = await admin.mustKubectl(['get', 'sandboxes', '-o', 'json']);
    expect(sandboxes).toContain('the answer is 42');
    expect(shown.stdout).not.toContain(SECRET_KEY);
  });

  test('what the cluster lacks is told as such', async () => {
    const said = await admin.troupe(['message', 'asked', 'and now?']);
    expect(said.code).not.toBe(0);
    expect(said.stderr).toContain('has Tasks from crds/ alone: they have no event log, messages and answers');
  });
});
