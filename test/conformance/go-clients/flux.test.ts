import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor, mustRun, run } from '../../kit/command.ts';
import type { CommandResult } from '../../kit/command.ts';
import { goProgram } from '../../kit/go-program.ts';
import { ROOT } from '../../kit/paths.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { startServer } from '../../kit/troupe-process.ts';
import type { TroupeServer } from '../../kit/troupe-process.ts';
import { inGit, TEAM_NAMESPACE } from './git-manifests.ts';
import type { InGit } from './git-manifests.ts';

const program = goProgram('flux');
const DEPLOYER = 'system:serviceaccount:team:deployer';

/** The controller may do nothing but act as accounts of the team; the account may what an editor may, which is no reveal. */
const RIGHTS = `
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: deployer, namespace: team }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: deployer, namespace: team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: troupe-editor }
subjects: [{ kind: ServiceAccount, name: deployer, namespace: team }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: acts-for-the-team, namespace: team }
rules: [{ apiGroups: [''], resources: [serviceaccounts], verbs: [impersonate] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: acts-for-the-team, namespace: team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: acts-for-the-team }
subjects: [{ kind: ServiceAccount, name: kustomize-controller, namespace: default }]
`;
const KINDS = ['Bot', 'ConfigMap', 'Ghost', 'Model', 'Secret', 'Shell', 'Skill', 'Team'];

/** The library of Flux as the account that a Kustomization names. */
describe.skipIf(program.missing)('Flux', () => {
  let folder: TemporaryFolder;
  let server: TroupeServer;
  let env: Record<string, string>;

  beforeAll(async () => {
    folder = await temporaryFolder('flux');
    server = await startServer({ dataDir: folder.path });
    const file = path.join(folder.path, 'controller.kubeconfig');
    const { kubeconfig } = server;
    await serviceAccountKubeconfig({ kubeconfig, file, name: 'kustomize-controller', rights: RIGHTS });
    env = { KUBECONFIG: file };
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const owner = (...args: string[]): Promise<string> => commandsFor(server.kubeconfig).mustKubectl(args);

  async function flux(command: string, git: InGit = {}, account = DEPLOYER): Promise<CommandResult> {
    const file = path.join(folder.path, 'git.yaml');
    await writeFile(file, inGit(git));
    return run(program.path, [command, account, file], { env });
  }

  /** The kinds by what became of them. */
  async function apply(git?: InGit): Promise<Record<string, string[]>> {
    const { code, stdout, stderr } = await flux('apply', git);
    expect(code, stderr).toBe(0);
    const rows = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]);
    const byAction = Object.groupBy(rows, ([, action]) => action);
    const kinds = (found: typeof rows = []): string[] =>
      found.map(([object]) => object.split('/')[0] ?? '').toSorted();
    return Object.fromEntries(Object.entries(byAction).map(([action, found]) => [action, kinds(found)]));
  }

  async function drift(git?: InGit): Promise<string[]> {
    const { code, stdout, stderr } = await flux('drift', git);
    expect(code, stderr).toBe(0);
    expect(stdout).not.toMatch(/sk-git|ghp_/);
    return stdout.split('\n').filter((line) => line !== '');
  }

  const read = (kind: string, field: string): Promise<string> =>
    owner('get', kind, 'writer', '-n', TEAM_NAMESPACE, '--show-managed-fields', '-o', `jsonpath={${field}}`);
  const KEY = '.spec.modelConfig.env.api_key';

  it('applies what is in git, and waits until it is ready', async () => {
    expect(await apply()).toEqual({ created: KINDS });
    expect(await read('model', KEY)).toBe('sk-git-1');
    expect(await read('team', '.status.conditions[0].status')).toBe('True');
  });

  it('sees no difference in credentials that it may not read', async () => {
    expect(await drift()).toEqual([]);
    expect(await apply()).toEqual({ unchanged: KINDS });
  });

  it('sees what somebody changed by hand, and sets it back', async () => {
    const patch = JSON.stringify({ spec: { systemPrompt: 'You sing.' } });
    await owner('patch', 'ghost', 'writer', '-n', TEAM_NAMESPACE, '--type=merge', '-p', patch);
    expect(await drift()).toEqual(['Ghost/team/writer /spec/systemPrompt']);
    expect(await apply()).toMatchObject({ configured: ['Ghost'] });
    expect(await read('ghost', '.spec.systemPrompt')).toBe('You write.');
  });

  it('sees a key that is rotated in git as one difference, and writes it', async () => {
    const rotated = { key: 'sk-git-2' };
    expect(await drift(rotated)).toEqual(['Model/team/writer /spec/modelConfig/env/api_key']);
    expect(await apply(rotated)).toEqual({
      configured: ['Model'],
      unchanged: KINDS.filter((kind) => kind !== 'Model'),
    });
    expect(await read('model', KEY)).toBe('sk-git-2');
    expect(await apply(rotated)).toEqual({ unchanged: KINDS });
  });

  it('sees a credential of a tool that is rotated in git, too', async () => {
    const rotated = { key: 'sk-git-2', token: 'ghp_2' };
    expect(await drift(rotated)).toEqual(['Ghost/team/writer /spec/mcpServers/issues/env/ISSUES_TOKEN']);
    expect(await apply(rotated)).toMatchObject({ configured: ['Ghost'] });
    expect(await read('ghost', '.spec.mcpServers.issues.env.ISSUES_TOKEN')).toBe('ghp_2');
    expect(await drift(rotated)).toEqual([]);
  });

  it('sets back a key that somebody has changed by hand', async () => {
    const patch = JSON.stringify({ spec: { modelConfig: { env: { api_key: 'sk-hand' } } } });
    await owner('patch', 'model', 'writer', '-n', TEAM_NAMESPACE, '--type=merge', '-p', patch);
    const git = { key: 'sk-git-2', token: 'ghp_2' };
    expect(await drift(git)).toEqual(['Model/team/writer /spec/modelConfig/env/api_key']);
    await apply(git);
    expect(await read('model', KEY)).toBe('sk-git-2');
  });

  it('keeps the Team of examples/gitops as an overlay has it, and judges when it is ready', async () => {
    const overlay = path.join(ROOT, 'examples/gitops/repository/overlays/production');
    const built = parseAllDocuments(await mustRun('kubectl', ['kustomize', overlay]));
    // As Flux does for spec.targetNamespace.
    for (const document of built) document.setIn(['metadata', 'namespace'], TEAM_NAMESPACE);
    const file = path.join(folder.path, 'overlay.yaml');
    await writeFile(file, built.map((document) => document.toString()).join('---\n'));
    const told = async (command: string): Promise<string[]> => {
      const { code, stdout, stderr } = await run(program.path, [command, DEPLOYER, file], { env });
      expect(code, stderr).toBe(0);
      return stdout.split('\n').filter((line) => line !== '');
    };
    await owner('create', 'secret', 'generic', 'model-key', '-n', TEAM_NAMESPACE, '--from-literal=api-key=k');
    const objects = ['Bot', 'Ghost', 'Model', 'Shell', 'Team'].map((kind) => `${kind}/team/librarian`);
    expect((await told('apply')).toSorted()).toEqual(objects.map((object) => `${object} created`));
    expect(await told('drift')).toEqual([]);
    const patch = JSON.stringify({ spec: { modelConfig: { env: { model_id: 'cheaper' } } } });
    await owner('patch', 'model', 'librarian', '-n', TEAM_NAMESPACE, '--type=merge', '-p', patch);
    expect(await told('drift')).toEqual(['Model/team/librarian /spec/modelConfig/env/model_id']);
    expect(await told('apply')).toContain('Model/team/librarian configured');
    expect((await told('delete')).toSorted()).toEqual(objects.map((object) => `${object} deleted`));
  });

  it('has the rights of the account, not of the controller, and acts for no others', async () => {
    await owner('create', 'serviceaccount', 'visitor', '-n', TEAM_NAMESPACE);
    const visitor = await flux('apply', {}, 'system:serviceaccount:team:visitor');
    expect([visitor.code, visitor.stderr]).toEqual([
      1,
      expect.stringContaining('User "system:serviceaccount:team:visitor" cannot patch resource'),
    ]);
    const stranger = 'system:serviceaccount:default:kustomize-controller';
    // client-go does not show the text of a refusal while it looks for kinds.
    expect((await flux('apply', {}, stranger)).stderr).toContain('dry-run failed (Forbidden)');
    const asStranger = ['get', 'configmaps', '-n', TEAM_NAMESPACE, '--as', stranger];
    const { stderr } = await run('kubectl', asStranger, { env });
    expect(stderr).toContain(
      'kustomize-controller" cannot impersonate-on:serviceaccount:list resource "configmaps"',
    );
  });

  it('takes over what somebody has applied with kubectl, without his copy of it', async () => {
    await owner('delete', 'ghosts,models', '--all', '-n', TEAM_NAMESPACE);
    const without = KINDS.filter((kind) => kind !== 'Model' && kind !== 'Ghost');
    await commandsFor(server.kubeconfig).apply(inGit({ without }));
    const annotations = '.metadata.annotations';
    expect(await read('model', annotations)).toContain('sk-git-1');
    expect(await apply()).toMatchObject({ configured: ['Ghost', 'Model'] });
    expect(await read('model', annotations)).toBe('');
    const managers = await read('model', '.metadata.managedFields[*].manager');
    expect(managers.split(' ').toSorted()).toEqual(['kustomize-controller', 'troupe']);
    expect(await read('model', KEY)).toBe('sk-git-1');
    expect(await read('ghost', '.spec.mcpServers.issues.env.ISSUES_TOKEN')).toBe('ghp_1');
    expect(await apply({})).toEqual({ unchanged: KINDS });
    const rotated = { key: 'sk-git-3' };
    expect(await drift(rotated)).toEqual(['Model/team/writer /spec/modelConfig/env/api_key']);
  });

  it('deletes what is no longer in git, and waits until it is gone', async () => {
    const { code, stderr } = await flux('delete');
    expect(code, stderr).toBe(0);
    expect(
      await owner('get', 'teams,bots,ghosts,models,shells,skills', '-n', TEAM_NAMESPACE, '-o', 'name'),
    ).toBe('');
  });
});
