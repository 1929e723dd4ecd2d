import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '#dev/environment/free-port';
import { startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor, mustRun } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { startServer } from '../../kit/troupe-process.ts';
import type { TroupeServer } from '../../kit/troupe-process.ts';
import { inGit, TEAM_NAMESPACE } from './git-manifests.ts';
import type { InGit } from './git-manifests.ts';

const agent = goProgram('argo-cd-agent');
const comparison = goProgram('argo-cd');

const NAMESPACE = `
apiVersion: v1
kind: Namespace
metadata: { name: ${TEAM_NAMESPACE} }
`;

/** It follows all kinds that there are, as Argo CD does, and lets Bots use Models; `verbs` of the kinds of agents beside that. */
const rightsOf = (name: string, { kind, verbs = [] }: { kind: 'ClusterRole' | 'Role'; verbs?: string[] }) => `
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${TEAM_NAMESPACE} }
rules:
  - { apiGroups: ['*'], resources: ['*'], verbs: [get, list, watch, create, update, patch, delete] }
  - { apiGroups: [agent.wecode.io], resources: ['*'], verbs: [${['use', ...verbs].join(', ')}] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}Binding
metadata: { name: ${name}, namespace: ${TEAM_NAMESPACE} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${kind}, name: ${name} }
subjects: [{ kind: ServiceAccount, name: ${name}, namespace: default }]
`;

const KINDS = ['Bot', 'ConfigMap', 'Ghost', 'Model', 'Secret', 'Shell', 'Skill', 'Team'];

/** The agent of Argo CD's library syncs, its comparison says what Argo CD calls out of sync. Both are ServiceAccounts. */
describe.skipIf(agent.missing)('Argo CD', () => {
  let folder: TemporaryFolder;
  let server: TroupeServer;
  const accounts = {
    'argo-cd': { kind: 'Role' },
    'argo-cd-that-reveals': { kind: 'Role', verbs: ['reveal'] },
    'argo-cd-of-the-cluster': { kind: 'ClusterRole' },
  } as const;
  type Account = keyof typeof accounts;

  const place = (name: string): string => path.join(folder.path, name);
  const kubeconfigOf = (account: Account) => ({ KUBECONFIG: place(`${account}.kubeconfig`) });
  const owner = (...args: string[]): Promise<string> => commandsFor(server.kubeconfig).mustKubectl(args);
  const commit = (git: InGit = {}): Promise<void> => writeFile(place('git/team.yaml'), inGit(git));

  beforeAll(async () => {
    folder = await temporaryFolder('argo-cd');
    server = await startServer({ dataDir: folder.path });
    const { kubeconfig } = server;
    await commandsFor(kubeconfig).apply(NAMESPACE);
    for (const [name, rights] of Object.entries(accounts)) {
      const file = kubeconfigOf(name as Account).KUBECONFIG;
      await serviceAccountKubeconfig({ kubeconfig, file, name, rights: rightsOf(name, rights as never) });
    }
    await mustRun('git', ['init', '-q', place('git')]);
    const author = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
    await mustRun('git', ['-C', place('git'), ...author, 'commit', '-q', '--allow-empty', '-m', 'one']);
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  /** Kinds that are out of sync. */
  async function outOfSync(account: Account, git: InGit, flags: string[] = []): Promise<string[]> {
    const file = place('compared.yaml');
    await writeFile(file, inGit(git));
    const args = ['--namespace', TEAM_NAMESPACE, ...flags, file];
    const printed = await mustRun(comparison.path, args, { env: kubeconfigOf(account) });
    return printed.split('\n').flatMap((line) => line.split(' ')[0] || []);
  }

  async function versions(): Promise<string> {
    const columns = 'custom-columns=:kind,:metadata.resourceVersion';
    const kinds = KINDS.join(',').toLowerCase();
    const named = ['-n', TEAM_NAMESPACE, '--field-selector', 'metadata.name=writer'];
    return owner('get', kinds, ...named, '--no-headers', '-o', columns);
  }

  /** The agent, from its start on; `synced` says what a round of it did: kinds with its words. */
  async function startAgent(account: Account, flags: string[]) {
    const port = String(await freePort());
    const rounds: string[][] = [];
    const running = await startProcess({
      command: agent.path,
      args: [place('git'), '--port', port, '--default-namespace', TEAM_NAMESPACE, ...flags],
      env: { ...process.env, ...kubeconfigOf(account) },
      onLine(line) {
        if (line.startsWith('RESOURCE')) rounds.push([]);
        else if (/^[\w.]*\/\w+\//.test(line)) rounds.at(-1)?.push(line);
      },
    });
    let seen = 0;
    const next = async (size: number): Promise<string[]> => {
      const whole = (): boolean => rounds[seen]?.length === size;
      await running.until({ what: 'tell of a round', ready: whole, timeoutMs: 60_000 });
      return (rounds[seen++] ?? [])
        .map((line) => line.replace(/^[^/]*\/(\w+)\/.* (\w+)$/, '$1 $2'))
        .toSorted();
    };
    return {
      next,
      async sync(size: number): Promise<string[]> {
        await request(`http://127.0.0.1:${port}/api/v1/sync`);
        return next(size);
      },
      [Symbol.asyncDispose]: () => running.stop(),
    };
  }

  it.each([
    { mode: 'of a namespace', account: 'argo-cd', flags: ['--namespaced'] },
    { mode: 'of a cluster', account: 'argo-cd-of-the-cluster', flags: [] },
  ] as const)('$mode applies what is in git, takes over changes, and prunes', async ({ account, flags }) => {
    await commit();
    await using running = await startAgent(account, [...flags]);
    expect(await running.next(KINDS.length)).toEqual(KINDS.map((kind) => `${kind} created`));
    const before = await versions();
    await running.sync(KINDS.length);
    expect(await versions(), 'nothing is written again').toBe(before);
    await commit({ key: 'sk-git-2', without: ['Team'] });
    const round = await running.sync(KINDS.length);
    expect(round).toContain('Model configured');
    expect(round).toContain('Team pruned');
    const key = 'jsonpath={.spec.modelConfig.env.api_key}';
    expect(await owner('get', 'model', 'writer', '-n', TEAM_NAMESPACE, '-o', key)).toBe('sk-git-2');
    await commit({ without: KINDS });
    await running.sync(KINDS.length - 1);
    expect(await versions()).toBe('');
  });

  describe('of what its account has applied', () => {
    // As Argo CD applies; the agent adds an annotation of its own, which the comparison would miss in git.
    beforeAll(async () => {
      await commandsFor(kubeconfigOf('argo-cd').KUBECONFIG).apply(inGit());
    });

    it('finds all in sync by dry runs, though it may not reveal credentials', async () => {
      expect(await outOfSync('argo-cd', {}, ['--server-side'])).toEqual([]);
    });

    it('finds a rotated key out of sync by dry runs, and nothing else', async () => {
      expect(await outOfSync('argo-cd', { key: 'sk-git-2' }, ['--server-side'])).toEqual(['Model']);
      expect(await outOfSync('argo-cd', { token: 'ghp_2' }, ['--server-side'])).toEqual(['Ghost']);
    });

    it('finds all in sync by merging on its side, where it may reveal credentials', async () => {
      expect(await outOfSync('argo-cd-that-reveals', {})).toEqual([]);
      expect(await outOfSync('argo-cd-that-reveals', { key: 'sk-git-2' })).toEqual(['Model']);
    });

    it('takes inline credentials for changed by merging on its side without that right', async () => {
      expect(await outOfSync('argo-cd', {})).toEqual(['Model', 'Ghost']);
    });
  });
});
