import { createHmac } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '#dev/environment/free-port';
import { accepts, startProcess } from '#dev/environment/process';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';
import { manifests } from '../../kit/manifests.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';
import { startServer, startTroupe } from '../../kit/troupe-process.ts';
import type { TroupeProcess } from '../../kit/troupe-process.ts';
import { gitFolder } from './git-folder.ts';
import type { GitFolder } from './git-folder.ts';

/** The rights that an administrator gives the process, and the teams their accounts. */
const RIGHTS = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: syncer }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: troupe-sync }
subjects: [{ kind: ServiceAccount, name: syncer, namespace: default }]
---
apiVersion: v1
kind: Namespace
metadata: { name: team }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: deployer, namespace: team }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: visitor, namespace: team }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: deployer, namespace: team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: troupe-editor }
subjects: [{ kind: ServiceAccount, name: deployer, namespace: team }]
---
apiVersion: v1
kind: Secret
metadata: { name: hook, namespace: team }
stringData: { token: of-the-hook }
`;
/** Longer than any test: only a call or a change of a Sync makes a round. */
const HOUR = 3600;

const stack = new AsyncDisposableStack();
let commands: Commands;
let git: GitFolder;
let syncer: TroupeProcess;
let url: string;

beforeAll(async () => {
  const folder = stack.use(await temporaryFolder('sync-loop')).path;
  const { kubeconfig } = stack.use(await startServer({ dataDir: folder }));
  commands = commandsFor(kubeconfig);
  const file = path.join(folder, 'syncer.kubeconfig');
  await serviceAccountKubeconfig({ kubeconfig, file, name: 'syncer', rights: RIGHTS });
  git = stack.use(await gitFolder());
  url = await gitDaemon(git.parent);
  syncer = stack.use(
    await startTroupe({
      args: ['sync', '-A', '--kubeconfig', file, '--webhook-address', '127.0.0.1:0'],
      readyLine: /^troupe sync ready, webhooks at (\S+)$/,
    }),
  );
});
afterAll(() => stack.disposeAsync());

async function gitDaemon(folder: string): Promise<string> {
  const port = await freePort();
  const flags = [
    '--export-all',
    '--reuseaddr',
    `--base-path=${folder}`,
    '--listen=127.0.0.1',
    `--port=${port}`,
  ];
  const daemon = stack.use(await startProcess({ command: 'git', args: ['daemon', ...flags] }));
  await daemon.until({ what: 'accept', ready: () => accepts(port), timeoutMs: 20_000 });
  return `git://localhost:${port}/project.git`;
}

const team = (...args: string[]): Promise<string> => commands.mustKubectl([...args, '-n', 'team']);

interface Wanted {
  url?: string;
  serviceAccountName?: string;
  [field: string]: unknown;
}

function manifestOf(name: string, { url: given = url, ...spec }: Wanted): string {
  return stringify({
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sync',
    metadata: { name, namespace: 'team' },
    spec: { source: { url: given }, intervalSeconds: HOUR, ...spec },
  });
}

/** Waits until the condition Ready has this reason, and returns its message. */
async function outcome(name: string, reason: string): Promise<string> {
  const at = '.status.conditions[?(@.type=="Ready")]';
  await team('wait', `sync/${name}`, `--for=jsonpath={${at}.reason}=${reason}`, '--timeout=30s');
  return team('get', `sync/${name}`, '-o', `jsonpath={${at}.message}`);
}

const style = (text: string): string =>
  manifests({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'style' }, data: { text } });
const text = (): Promise<string> => team('get', 'configmap/style', '-o', 'jsonpath={.data.text}');

async function call(name: string, headers: Record<string, string>, body = '{}'): Promise<number> {
  const { status } = await fetch(`${syncer.ready[1] ?? ''}/webhooks/syncs/team/${name}`, {
    method: 'POST',
    headers,
    body,
  });
  return status;
}

const signed = (body: string, token = 'of-the-hook'): string =>
  createHmac('sha256', token).update(body).digest('hex');

describe('the loop of troupe sync', () => {
  it('applies as the account that a Sync names, when a signed call says that something was pushed', async () => {
    await git.commit({ 'a.yaml': style('one') });
    const webhook = { secretRef: { name: 'hook' } };
    await commands.apply(manifestOf('style', { serviceAccountName: 'deployer', webhook, prune: true }));
    await outcome('style', 'ReconciliationSucceeded');
    expect(await text()).toBe('one');

    const calls: [string, Record<string, string>][] = [
      ['github', { 'x-hub-signature-256': `sha256=${signed('{"a":1}')}` }],
      ['gitea', { 'x-gitea-signature': signed('{"a":1}') }],
      ['gitlab', { 'x-gitlab-token': 'of-the-hook' }],
    ];
    for (const [service, headers] of calls) {
      const commit = await git.commit({ 'a.yaml': style(service) });
      expect(await call('style', headers, '{"a":1}')).toBe(202);
      const revision = `--for=jsonpath={.status.lastAppliedRevision}=main@sha1:${commit}`;
      await team('wait', 'sync/style', revision, '--timeout=30s');
      expect(await text()).toBe(service);
    }
    const { stdout } = await commands.kubectl([
      'get',
      'events',
      '-n',
      'team',
      '-o',
      'jsonpath={.items[*].message}',
    ]);
    expect(stdout).toContain('ConfigMap "team/style" configured');
  });

  it.each([
    { reason: 'no signature', name: 'style', headers: {} },
    { reason: 'the signature of another body', name: 'style', headers: { 'x-gitea-signature': signed('x') } },
    { reason: 'another token', name: 'style', headers: { 'x-gitlab-token': 'guess' } },
    { reason: 'a Sync without a webhook', name: 'visitor', headers: { 'x-gitlab-token': '' } },
    { reason: 'no such Sync', name: 'absent', headers: { 'x-gitlab-token': 'of-the-hook' } },
  ])('answers a call with $reason as all others that are refused', async ({ name, headers }) => {
    expect(await call(name, headers as Record<string, string>)).toBe(403);
  });

  it('does only what the account may', async () => {
    await commands.apply(manifestOf('visitor', { serviceAccountName: 'visitor' }));
    expect(await outcome('visitor', 'ValidationFailed')).toMatch(
      /ConfigMap "team\/style": .*User "system:serviceaccount:team:visitor" cannot get resource "configmaps"/,
    );
  });

  it('leaves a Sync without an account to whoever starts a loop for it', async () => {
    await commands.apply(manifestOf('nobody', {}));
    expect(await outcome('nobody', 'NoServiceAccount')).toContain('troupe sync NAME');
    const { code, stderr } = await commands.troupe(['sync', 'nobody', '-n', 'team', '--once']);
    expect([code, stderr]).toEqual([1, expect.stringContaining('it belongs to another set')]);
  });

  it.each([
    {
      name: 'file',
      address: 'file:///etc',
      reason: 'InvalidSource',
      says: 'was started for this Sync alone',
    },
    { name: 'metadata', address: 'http://169.254.169.254/a.git', reason: 'FetchFailed', says: 'is refused' },
    { name: 'private', address: 'ssh://git@10.0.0.1/a.git', reason: 'FetchFailed', says: 'is refused' },
    { name: 'program', address: 'ext::sh -c id', reason: 'InvalidSource', says: 'white space' },
    {
      name: 'password',
      address: 'https://a:b@host/c.git',
      reason: 'InvalidSource',
      says: 'must not hold a credential',
    },
  ])('refuses the address $address of a user', async ({ name, address, reason, says }) => {
    await commands.apply(manifestOf(name, { url: address, serviceAccountName: 'deployer' }));
    expect(await outcome(name, reason)).toContain(says);
  });

  it('rests while a Sync is suspended, and works when asked afterwards', async () => {
    await team('patch', 'sync/style', '--type=merge', '-p', '{"spec":{"suspend":true}}');
    await git.commit({ 'a.yaml': style('later') });
    await team('annotate', 'sync/style', '--overwrite', 'agent.wecode.io/check-requested-at=now');
    // Another Sync, whose round comes after the one that must not be.
    await commands.apply(manifestOf('marker', { serviceAccountName: 'visitor' }));
    await outcome('marker', 'ValidationFailed');
    expect(await text()).not.toBe('later');
    await team('patch', 'sync/style', '--type=merge', '-p', '{"spec":{"suspend":false}}');
    await team('wait', 'sync/style', '--for=jsonpath={.status.lastHandledReconcileAt}=now', '--timeout=30s');
    expect(await text()).toBe('later');
  });
});

describe('whoever writes a Sync', () => {
  it('must be allowed to act as the account, and to use the Secrets', async () => {
    await commands.apply(WRITER);
    const as = ['--as', 'system:serviceaccount:team:writer'];
    const spec = manifestOf('stolen', { serviceAccountName: 'deployer' });
    const refused = await commands.kubectl(['apply', '-f', '-', ...as], { stdin: spec });
    expect(refused.stderr).toContain(
      'spec.serviceAccountName: User "system:serviceaccount:team:writer" cannot impersonate resource "serviceaccounts"',
    );
    const hook = manifestOf('stolen', { webhook: { secretRef: { name: 'hook' } } });
    const other = await commands.kubectl(['apply', '-f', '-', ...as], { stdin: hook });
    expect(other.stderr).toContain('spec.webhook.secretRef: User');
  });
});

/** Writes Syncs and reads accounts, and may do nothing else. */
const WRITER = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: writer, namespace: team }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: writer, namespace: team }
rules:
- { apiGroups: [agent.wecode.io], resources: [syncs], verbs: [get, create, patch] }
- { apiGroups: [''], resources: [serviceaccounts], verbs: [get] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: writer, namespace: team }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: writer }
subjects: [{ kind: ServiceAccount, name: writer, namespace: team }]
`;
