import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor, mustRun } from '../../kit/command.ts';
import type { Commands, CommandResult } from '../../kit/command.ts';
import { httpGitServer } from '../../kit/http-git-server.ts';
import { bot, ghost, manifests, object } from '../../kit/manifests.ts';
import { startServer } from '../../kit/troupe-process.ts';
import { gitFolder } from './git-folder.ts';
import type { GitFolder } from './git-folder.ts';

const stack = new AsyncDisposableStack();
let commands: Commands;
let git: GitFolder;
let name: string;
let count = 0;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('sync')).path;
  commands = commandsFor(stack.use(await startServer({ dataDir: folder })).kubeconfig);
});
afterAll(() => stack.disposeAsync());
afterEach(() => git[Symbol.asyncDispose]());
beforeEach(async () => {
  git = await gitFolder();
  name = `once-${(count += 1)}`;
  await commands.mustKubectl(['create', 'namespace', name]);
});

const sync = (...flags: string[]): Promise<CommandResult> =>
  commands.troupe(['sync', '-f', git.url, '--name', 'demo', '-n', name, '--once', ...flags]);

async function mustSync(...flags: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await sync(...flags);
  expect(code, stderr).toBe(0);
  return stdout.trim().split('\n').slice(0, -1);
}

async function refusal(...flags: string[]): Promise<string> {
  const { code, stderr } = await sync(...flags);
  expect(code).toBe(1);
  return stderr.trim();
}

const read = (...args: string[]): Promise<string> => commands.mustKubectl(['get', ...args, '-n', name]);
const field = (what: string, path_: string): Promise<string> => read(what, '-o', `jsonpath={${path_}}`);
const ready = (): Promise<string> => field('sync/demo', '.status.conditions[?(@.type=="Ready")].reason');

const style = (text: string): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'style' },
  data: { text },
});
const writer = (systemPrompt: string): object => object('Ghost', 'writer', { systemPrompt });

describe('a round of troupe sync', () => {
  it('applies what is in git, and nothing the second time', async () => {
    const commit = await git.commit({
      'a/ghost.yaml': manifests(writer('Write.')),
      'b.yml': manifests(style('plain')),
      '.github/workflow.yaml': 'on: push\n',
    });
    expect(await mustSync()).toEqual(['configmap/style created', 'ghost.agent.wecode.io/writer created']);
    expect(await mustSync()).toEqual([]);
    expect(await field('sync/demo', '.status.lastAppliedRevision')).toBe(`main@sha1:${commit}`);
    const entries = await field('sync/demo', '.status.inventory.entries[*].id');
    expect(entries).toBe(`${name}_style__ConfigMap ${name}_writer_agent.wecode.io_Ghost`);
    const managers = '.metadata.managedFields[?(@.operation=="Apply")].manager';
    expect(await read('ghost/writer', '--show-managed-fields', '-o', `jsonpath={${managers}}`)).toBe(
      'troupe-sync',
    );
  });

  it('sets back what somebody has taken away, and tells of what somebody has changed', async () => {
    await git.commit({ 'all.yaml': manifests(writer('Write.'), style('plain')) });
    await mustSync();
    await commands.mustKubectl(['delete', 'configmap', 'style', '-n', name]);
    expect(await mustSync()).toEqual(['configmap/style created']);
    const patch = [
      'patch',
      'ghost',
      'writer',
      '-n',
      name,
      '--type=merge',
      '-p',
      '{"spec":{"systemPrompt":"Sing."}}',
    ];
    await commands.mustKubectl(patch);
    expect(await refusal()).toMatch(
      /^error: Conflict: Ghost ".*\/writer": Apply failed with 1 conflict: conflict with "kubectl-patch".*systemPrompt$/s,
    );
    expect(await field('ghost/writer', '.spec.systemPrompt')).toBe('Sing.');
    expect(await mustSync('--force-conflicts')).toEqual(['ghost.agent.wecode.io/writer configured']);
    expect(await field('ghost/writer', '.spec.systemPrompt')).toBe('Write.');
  });

  it('changes nothing for a commit with one bad object, and goes on with the next one', async () => {
    await git.commit({ 'all.yaml': manifests(writer('Write.'), style('plain')) });
    await mustSync('--prune');
    const before = await field('sync/demo', '.status.lastAppliedRevision');
    const broken = await git.commit({
      'all.yaml': manifests(writer('Better.'), object('Bot', 'b', { ghostRef: 1 })),
    });
    expect(await refusal('--prune')).toContain(`error: ValidationFailed: Bot "${name}/b": `);
    expect(await read('ghosts,bots,configmaps', '-l', 'applyset.kubernetes.io/part-of', '-o', 'name')).toBe(
      'ghost.agent.wecode.io/writer\nconfigmap/style\n',
    );
    expect(await field('ghost/writer', '.spec.systemPrompt')).toBe('Write.');
    expect(await field('sync/demo', '.status.lastAppliedRevision')).toBe(before);
    expect(await field('sync/demo', '.status.lastAttemptedRevision')).toBe(`main@sha1:${broken}`);
    const stalled = '.status.conditions[?(@.type=="Stalled")].status';
    expect([await ready(), await field('sync/demo', stalled)]).toEqual(['ValidationFailed', 'True']);
    expect(await field('sync/demo', '.status.failures')).toBe('1');
    await git.commit({ 'all.yaml': manifests(writer('Better.'), style('plain')) });
    expect(await mustSync('--prune')).toEqual(['ghost.agent.wecode.io/writer configured']);
    expect([await ready(), await field('sync/demo', stalled)]).toEqual(['ReconciliationSucceeded', '']);
    expect(await field('sync/demo', '.status.failures')).toBe('0');
  });

  it.each([
    { reason: 'no YAML', files: { 'a.yaml': 'a: [' }, says: 'BuildFailed: error parsing a.yaml' },
    { reason: 'no manifest', files: { 'a.yaml': 'a: 1\n' }, says: 'apiVersion, kind not set' },
    {
      reason: 'no name',
      files: { 'a.yaml': 'apiVersion: v1\nkind: ConfigMap\n' },
      says: 'has no metadata.name',
    },
    { reason: 'nothing', files: { README: 'x' }, says: 'there are no manifests in the repository' },
    {
      reason: 'an object twice',
      files: { 'a.yaml': manifests(style('a')), 'b.yaml': manifests(style('b')) },
      says: '/style" is in a.yaml and in b.yaml',
    },
    {
      reason: 'an unknown kind',
      files: { 'a.yaml': 'apiVersion: v1\nkind: Poem\nmetadata: { name: a }\n' },
      says: 'a.yaml: no matches for kind "Poem" in version "v1"',
    },
    {
      reason: 'a misspelt field',
      files: { 'a.yaml': manifests(object('Ghost', 'a', { systemPromt: 'x' })) },
      says: '.spec.systemPromt: field not declared in schema',
    },
  ])('says that there is $reason', async ({ files, says }) => {
    await git.commit(files);
    expect(await refusal()).toContain(says);
    expect(await read('ghosts,configmaps', '-l', 'applyset.kubernetes.io/part-of', '-o', 'name')).toBe('');
  });

  it('deletes what git no longer has only with --prune, and never what is marked to stay', async () => {
    const stays = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'stays', annotations: { 'agent.wecode.io/prune': 'disabled' } },
    };
    await git.commit({ 'a.yaml': manifests(writer('Write.')), 'b.yaml': manifests(style('plain'), stays) });
    await mustSync();
    await git.commit({ 'b.yaml': undefined });
    expect(await mustSync()).toEqual([]);
    expect(await mustSync('--prune')).toEqual([`ConfigMap "${name}/style" pruned`]);
    expect(await read('configmaps', '-o', 'name')).toBe('configmap/kube-root-ca.crt\nconfigmap/stays\n');
  });

  it('leaves the objects of another Sync alone', async () => {
    await git.commit({ 'a.yaml': manifests(style('plain')) });
    await mustSync();
    const other = await sync('--name', 'other');
    expect(other.stderr).toContain(
      `Conflict: ConfigMap "${name}/style": it belongs to another set, applyset-`,
    );
  });

  it('brings a namespace and what is in it, and a kind and an object of it', async () => {
    const other = `${name}-more`;
    const inOther = { ...style('plain'), metadata: { name: 'style', namespace: other } };
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } };
    await git.commit({
      'a.yaml': manifests({ apiVersion: `${name}.example/v1`, kind: 'Poem', metadata: { name: 'ode' } }),
      'z.yaml': manifests(inOther, namespace, definition(`${name}.example`)),
    });
    expect(await mustSync('--prune')).toEqual([
      `namespace/${other} created`,
      `customresourcedefinition.apiextensions.k8s.io/poems.${name}.example created`,
      'configmap/style created',
      `poem.${name}.example/ode created`,
    ]);
    const namespaces = '.metadata.annotations.applyset\\.kubernetes\\.io/additional-namespaces';
    expect(await field('sync/demo', namespaces)).toBe(other);
    await git.commit({ 'z.yaml': manifests(namespace, definition(`${name}.example`)) });
    expect(await mustSync('--prune')).toEqual([`ConfigMap "${other}/style" pruned`]);
  });

  it('waits until the objects are ready, and says which are not', async () => {
    await git.commit({ 'a.yaml': manifests(ghost('g'), bot('g')) });
    const said = await refusal('--wait', '--timeout', '1s');
    expect(said).toContain(`HealthCheckFailed: not ready after 1 s: Bot "${name}/g": `);
    expect(said).not.toContain(`Ghost "${name}`);
  });

  it('builds overlays with kustomize', async () => {
    await git.commit({
      'base/kustomization.yaml': 'resources: [ghost.yaml]\n',
      'base/ghost.yaml': manifests(writer('Write.')),
      'overlays/loud/kustomization.yaml':
        'resources: [../../base]\nnameSuffix: -loud\npatches:\n- patch: |-\n    - {op: replace, path: /spec/systemPrompt, value: Shout.}\n  target: { kind: Ghost }\n',
    });
    expect(await mustSync('--path', 'overlays/loud')).toEqual(['ghost.agent.wecode.io/writer-loud created']);
    expect(await field('ghost/writer-loud', '.spec.systemPrompt')).toBe('Shout.');
  });

  it.each([
    { reason: 'a remote base', text: 'resources: ["https://example.com/a.yaml"]\n' },
    { reason: 'a remote repository', text: 'resources: ["github.com/a/b?ref=main"]\n' },
    { reason: 'a folder outside', text: 'resources: ["../../../../etc"]\n' },
    { reason: 'a remote patch', text: 'patches: [{ path: "https://example.com/p.yaml" }]\n' },
    {
      reason: 'a remote file of a ConfigMap',
      text: 'configMapGenerator: [{ name: a, files: ["a=https://x/y"] }]\n',
    },
    { reason: 'a remote base by another case', text: 'reSources: ["https://example.com/a.yaml"]\n' },
    { reason: 'a remote base by a letter that folds', text: 're\u017Fources: ["https://x/a.yaml"]\n' },
    { reason: 'a remote base by a merge', text: '<<: { resources: ["https://x/a.yaml"] }\n' },
    { reason: 'a chart', text: 'helmCharts: [{ name: a, repo: "https://example.com" }]\n' },
  ])('refuses $reason in a kustomization', async ({ text }) => {
    await git.commit({ 'kustomization.yaml': text });
    expect(await refusal()).toMatch(
      /BuildFailed: kustomization.yaml: .*(not in the repository|not supported)$/,
    );
  });

  it('reaches nothing outside of the repository by a link', async () => {
    await git.commit({ 'a.yaml': manifests(style('plain')) });
    await symlink('/etc/passwd', path.join(git.path, 'secret.yaml'));
    await git.commit({});
    expect(await refusal()).toContain('secret.yaml: a manifest must be a mapping');
  });

  it('takes a branch, a tag or a commit', async () => {
    const first = await git.commit({ 'a.yaml': manifests(style('one')) });
    await mustRun('git', ['-C', git.path, 'tag', 'v1']);
    await git.commit({ 'a.yaml': manifests(style('two')) });
    await mustSync('--branch', 'v1');
    expect(await field('sync/demo', '.status.lastAppliedRevision')).toBe(`v1@sha1:${first}`);
    await mustSync('--branch', 'main');
    expect(await field('configmap/style', '.data.text')).toBe('two');
    await mustSync('--branch', first);
    expect(await field('configmap/style', '.data.text')).toBe('one');
    expect(await refusal('--branch', 'nowhere')).toContain('has no branch or tag "nowhere"');
  });

  it('reads a folder that is no repository', async () => {
    const folder = path.join(git.parent, 'plain');
    await mkdir(folder);
    await writeFile(path.join(folder, 'a.yaml'), manifests(style('plain')));
    const { code, stderr } = await commands.troupe(['sync', '-f', folder, '-n', name, '--once']);
    expect(code, stderr).toBe(0);
    expect(await field('sync/plain', '.status.lastAppliedRevision')).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  it('shows a credential from a Secret or a file to the server of the repository, and to nobody else', async () => {
    const password = 'glpat-of-the-test';
    await using server = await httpGitServer({ folder: git.parent, username: 'git', password });
    await git.commit({ 'a.yaml': manifests(style('plain')) });
    const from = ['sync', '-f', server.url, '--name', 'demo', '-n', name, '--once'];
    const without = await commands.troupe(from);
    expect(without.stderr).toContain('asks for a credential, and none is given that fits');
    await commands.mustKubectl([
      'create',
      'secret',
      'generic',
      'wrong',
      '--from-literal=password=no',
      '-n',
      name,
    ]);
    const wrong = await commands.troupe([...from, '--secret', 'wrong']);
    expect(wrong.stderr).toContain(`refused the credential of Secret "${name}/wrong"`);
    await commands.mustKubectl([
      'create',
      'secret',
      'generic',
      'right',
      `--from-literal=token=${password}`,
      '-n',
      name,
    ]);
    const right = await commands.troupe([...from, '--secret', 'right']);
    expect(right.code, right.stderr).toBe(0);
    const file = path.join(git.parent, 'token');
    await writeFile(file, `${password}\n`);
    expect((await commands.troupe([...from, '--token-file', file])).code).toBe(0);
    expect(await read('sync/demo', '-o', 'yaml')).not.toContain(password);
  });

  it('is a set that kubectl knows, and leaves to its own tool', async () => {
    await git.commit({ 'a.yaml': manifests(style('plain')) });
    await mustSync();
    const parent = '--applyset=syncs.agent.wecode.io/demo';
    const file = path.join(git.path, 'a.yaml');
    const { stderr } = await commands.kubectl(['apply', '--prune', parent, '-n', name, '-f', file], {
      env: { KUBECTL_APPLYSET: 'true' },
    });
    expect(stderr).toContain('already exists and is managed by tooling "troupe"');
  });
});

function definition(group: string): object {
  const schema = { openAPIV3Schema: { type: 'object' } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `poems.${group}` },
    spec: {
      group,
      names: { kind: 'Poem', plural: 'poems', singular: 'poem', listKind: 'PoemList' },
      scope: 'Namespaced',
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}
