import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor, mustRun, run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { startServer } from '../../kit/troupe-process.ts';
import type { TroupeServer } from '../../kit/troupe-process.ts';

const CHART = path.join(import.meta.dirname, 'chart');

/** The rights of somebody who deploys into one namespace, with the kinds that his charts bring. */
const RIGHTS = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: deployer-kinds }
rules:
  - { apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [get, list, watch, create, patch] }
  - { apiGroups: [helm.example.com], resources: [poems], verbs: ['*'] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: deployer-kinds }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: deployer-kinds }
subjects: [{ kind: ServiceAccount, name: deployer, namespace: default }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: deployer, namespace: default }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin }
subjects: [{ kind: ServiceAccount, name: deployer, namespace: default }]
`;

/** Helm runs as an ordinary user. Helm 3 merges three ways on its side, Helm 4 applies on the server's and waits by kstatus. */
describe.each([
  { major: 3, program: goProgram('helm-3') },
  { major: 4, program: goProgram('helm-4') },
] as const)('Helm $major', ({ major, program }) => {
  describe.skipIf(program.missing)('a chart of our kinds', () => {
    let folder: TemporaryFolder;
    let server: TroupeServer;
    let env: Record<string, string>;

    beforeAll(async () => {
      folder = await temporaryFolder('helm');
      server = await startServer({ dataDir: folder.path });
      const home = (name: string): string => path.join(folder.path, name);
      const file = home('deployer.kubeconfig');
      const { kubeconfig } = server;
      await serviceAccountKubeconfig({ kubeconfig, file, name: 'deployer', rights: RIGHTS });
      env = {
        KUBECONFIG: file,
        HELM_CACHE_HOME: home('cache'),
        HELM_CONFIG_HOME: home('config'),
        HELM_DATA_HOME: home('data'),
      };
    });

    afterAll(async () => {
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    const tryHelm = (...args: string[]): Promise<CommandResult> => run(program.path, args, { env });
    const mustHelm = (...args: string[]): Promise<string> => mustRun(program.path, args, { env });
    const kubectl = (...args: string[]): Promise<string> => commandsFor(server.kubeconfig).mustKubectl(args);
    const prompt = (): Promise<string> =>
      kubectl('get', 'ghost', 'poets', '-o', 'jsonpath={.spec.systemPrompt}');
    const ghosts = async (): Promise<string> => (await kubectl('get', 'ghosts', '-o', 'name')).trim();
    const history = async (): Promise<[number, string][]> => {
      const text = await mustHelm('history', 'poets', '-o', 'json');
      const rows = JSON.parse(text) as { revision: number; status: string }[];
      return rows.map(({ revision, status }) => [revision, status]);
    };

    it('is installed, waited for and listed', async () => {
      await mustHelm('install', 'poets', CHART, '--wait', '--timeout', '60s');
      expect(await prompt()).toBe('You write haiku.');
      expect(await kubectl('get', 'poem', 'poets', '-o', 'jsonpath={.spec}')).toBe(
        '{"title":"Untitled","verses":3}',
      );
      const ready = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}';
      expect(await kubectl('get', 'team', 'poets', '-o', ready)).toBe('True');
      const listed = JSON.parse(await mustHelm('list', '-o', 'json')) as Record<string, string>[];
      expect(listed.map(({ name, status, revision }) => [name, status, revision])).toEqual([
        ['poets', 'deployed', '1'],
      ]);
      const secrets = await kubectl('get', 'secrets', '-l', 'owner=helm', '-o', 'jsonpath={.items[*].type}');
      expect(secrets).toBe('helm.sh/release.v1');
      expect(await mustHelm('get', 'manifest', 'poets')).toContain('kind: Team');
      expect(await mustHelm('status', 'poets')).toMatch(/STATUS: deployed/);
    });

    it('is upgraded: what changed is changed, what is gone is deleted, the rest stays', async () => {
      const uid = (): Promise<string> => kubectl('get', 'team', 'poets', '-o', 'jsonpath={.metadata.uid}');
      const before = await uid();
      const values = ['--set', 'prompt=You write sonnets.,reviewer=false,verses=14'];
      await mustHelm('upgrade', 'poets', CHART, ...values, '--wait', '--timeout', '60s');
      expect(await prompt()).toBe('You write sonnets.');
      expect(await ghosts()).toBe('ghost.agent.wecode.io/poets');
      expect(await uid()).toBe(before);
      expect(await history()).toEqual([
        [1, 'superseded'],
        [2, 'deployed'],
      ]);
    });

    it('says what is wrong with an upgrade, and keeps what was', async () => {
      const { code, stderr } = await tryHelm('upgrade', 'poets', CHART, '--set', 'verses=99');
      expect(code).toBe(1);
      expect(stderr).toContain(
        'spec.verses: Invalid value: 99: spec.verses in body should be less than or equal to 20',
      );
      expect(await kubectl('get', 'poem', 'poets', '-o', 'jsonpath={.spec.verses}')).toBe('14');
      expect((await history()).at(-1)).toEqual([3, 'failed']);
    });

    it('goes back by itself when it is told to', async () => {
      const flag = major === 3 ? '--atomic' : '--rollback-on-failure';
      const { code } = await tryHelm(
        'upgrade',
        'poets',
        CHART,
        '--set',
        'verses=99',
        flag,
        '--timeout',
        '30s',
      );
      expect(code).toBe(1);
      expect(await kubectl('get', 'poem', 'poets', '-o', 'jsonpath={.spec.verses}')).toBe('14');
      expect((await history()).at(-1)).toEqual([5, 'deployed']);
    });

    it('is rolled back to its first revision', async () => {
      await mustHelm('rollback', 'poets', '1', '--wait', '--timeout', '60s');
      expect(await prompt()).toBe('You write haiku.');
      expect(await ghosts()).toBe('ghost.agent.wecode.io/poets\nghost.agent.wecode.io/poets-reviewer');
    });

    it('is upgraded over what somebody changed by hand', async () => {
      await kubectl('label', 'ghost', 'poets', 'by=hand');
      await mustHelm('upgrade', 'poets', CHART, '--set', 'prompt=You write odes.');
      expect(await prompt()).toBe('You write odes.');
      expect(await kubectl('get', 'ghost', 'poets', '-o', 'jsonpath={.metadata.labels.by}')).toBe('hand');
    });

    it('may do nothing outside its namespace', async () => {
      const { code, stderr } = await tryHelm('install', 'poets', CHART, '--namespace', 'system');
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /User "system:serviceaccount:default:deployer" cannot \w+ resource "\w+" in API group "[\w.]*" in the namespace "system"/,
      );
    });

    it('is uninstalled; its kind stays, as Helm wants it', async () => {
      await mustHelm('uninstall', 'poets', '--wait', '--timeout', '60s');
      expect(await ghosts()).toBe('');
      expect(await kubectl('get', 'poems,teams,bots,models,shells', '-o', 'name')).toBe('');
      expect(await kubectl('get', 'secrets', '-o', 'name')).toBe('');
      expect(await kubectl('get', 'crd', 'poems.helm.example.com', '-o', 'name')).toContain('poems');
    });
  });
});
