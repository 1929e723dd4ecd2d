import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { done } from '../cli/terminal.ts';
import { kubectlApi } from '../../kit/kubectl-api.ts';
import type { KubectlApi } from '../../kit/kubectl-api.ts';
import { serviceAccountKubeconfig } from '../../kit/service-account-kubeconfig.ts';

/** Who decides Approvals: stock kubectl, with the roles that every server has. */
let k: KubectlApi;

const AT = '/apis/agent.wecode.io/v1alpha1/namespaces/default/approvals';
let count = 0;

const run = async (args: readonly string[], stdin?: string) =>
  k.kubectl(args, stdin === undefined ? {} : { stdin });

async function must(...args: string[]): Promise<string> {
  const result = await run(args);
  expect(result.code, result.stderr).toBe(0);
  return result.stdout;
}

beforeAll(async () => {
  k = await kubectlApi();
  for (const role of ['edit', 'view', 'troupe-runner'])
    await must('create', 'rolebinding', role, `--clusterrole=${role}`, `--user=${role}`);
  // Somebody who may write any status, as a badly made role would have it.
  await must(
    'create',
    'clusterrole',
    'writer',
    '--verb=get,patch,update',
    '--resource=approvals.agent.wecode.io/status,approvals.agent.wecode.io',
  );
  await must('create', 'rolebinding', 'writer', '--clusterrole=writer', '--user=writer');
});
afterAll(() => k[Symbol.asyncDispose]());

async function make(spec: object = {}): Promise<string> {
  const name = `a${(count += 1)}`;
  const body = {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval', metadata: { name } },
    spec: { taskRef: { name: 'task' }, purpose: 'Stage', message: 'Go on?', ...spec },
  };
  const answer = await k.api.send(AT, { method: 'POST', body });
  expect(answer.status, answer.text).toBe(201);
  return name;
}

const decide = (name: string, as: string, decision = 'Approved', ...more: string[]) =>
  run([
    ...['patch', 'approval', name, '--subresource=status', '--type=merge', '--as', as],
    ...['-p', JSON.stringify({ status: { decision } }), ...more],
  ]);

it('a right to write Approvals makes none that a Task heeds', async () => {
  const verbs = '--verb=get,list,create,update,patch,delete';
  await must('create', 'role', 'maker', verbs, '--resource=approvals.agent.wecode.io');
  await must('create', 'rolebinding', 'maker', '--role=maker', '--user=maker');
  const name = `a${(count += 1)}`;
  const owner = { apiVersion: 'agent.wecode.io/v1', kind: 'Task', name: 'task', uid: 'u1', controller: true };
  const body = {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval' },
    spec: {
      ...{ taskRef: { name: 'task', uid: 'u1' }, purpose: 'Stage', message: 'Go on?' },
      ...{ timeoutSeconds: 1, onTimeout: 'Approve' },
    },
  };
  const create = (metadata: object) =>
    run(['create', '-f', '-', '--as', 'maker'], JSON.stringify({ ...body, metadata: { name, ...metadata } }));
  const why = 'to give it a controller, user "maker" needs the verb "close" on it';
  expect((await create({ ownerReferences: [owner] })).stderr).toContain(why);
  expect((await create({})).code).toBe(0);
  const patch = JSON.stringify({ metadata: { ownerReferences: [owner] } });
  const given = await run(['patch', 'approval', name, '--type=merge', '--as', 'maker', '-p', patch]);
  expect(given.stderr).toContain(why);
});

describe('kubectl patch --subresource=status', () => {
  it.each([
    ['edit', true],
    ['troupe-runner', true],
    ['view', false],
    ['nobody', false],
    ['writer', false],
    ['system:serviceaccount:kube-system:troupe-controllers', false],
  ])('by %s', async (user, may) => {
    const name = await make();
    const result = await decide(name, user);
    expect(result.code === 0, result.stderr).toBe(may);
    const shown = await must('get', 'appr', name, '-o', 'jsonpath={.status.phase} {.status.decidedBy.name}');
    expect(shown).toBe(may ? `Decided ${user}` : 'Pending ');
    if (!may) expect(result.stderr).toMatch(/forbidden/i);
  });

  it('shows who decided in the table, and a second decision is refused with who made the first', async () => {
    const name = await make();
    expect((await decide(name, 'edit')).code).toBe(0);
    expect(await must('get', 'approvals', name)).toMatch(
      /NAME +TASK +PURPOSE +PHASE +DECISION +BY +AGE\n.* task +Stage +Decided +Approved +edit/,
    );
    const second = await decide(name, 'troupe-runner', 'Rejected');
    expect(second.stderr).toContain('Forbidden: the decision is final: Approved by "edit" at ');
  });

  it('with --dry-run=server decides nothing, and says what it would', async () => {
    const name = await make();
    const dry = await decide(
      name,
      'edit',
      'Approved',
      '--dry-run=server',
      '-o',
      'jsonpath={.status.decidedBy.name}',
    );
    expect(dry.stdout).toBe('edit');
    expect(await must('get', 'appr', name, '-o', 'jsonpath={.status.phase}')).toBe('Pending');
  });

  it('is bound to the approvers who are named, for the owner of the server too', async () => {
    const name = await make({ approvers: { users: ['troupe-runner'] } });
    expect((await decide(name, 'edit')).stderr).toContain(
      'user "edit" is none of its approvers: user "troupe-runner"',
    );
    const asOwner = await run([
      'patch',
      'approval',
      name,
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"decision":"Approved"}}',
    ]);
    expect(asOwner.stderr).toContain('is none of its approvers');
    expect((await decide(name, 'troupe-runner')).code).toBe(0);
  });

  it('is the same as server-side apply', async () => {
    const name = await make();
    const manifest = JSON.stringify({
      ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Approval', metadata: { name } },
      status: { decision: 'Rejected', reason: 'no' },
    });
    const args = ['apply', '--server-side', '--subresource=status', '--as', 'edit', '-f', '-'];
    const applied = await run(args, manifest);
    expect(applied.code, applied.stderr).toBe(0);
    expect(
      await must('get', 'appr', name, '-o', 'jsonpath={.status.decision} {.status.decidedBy.name}'),
    ).toBe('Rejected edit');
    expect((await run(args, manifest)).code, 'applied twice').toBe(0);
  });

  it('lists those that wait by a field selector', async () => {
    const name = await make({ taskRef: { name: 'other' } });
    const all = await must(
      'get',
      'approvals',
      '--field-selector',
      'status.phase=Pending,spec.taskRef.name=other',
      '-o',
      'name',
    );
    expect(all.trim()).toBe(`approval.agent.wecode.io/${name}`);
  });
});

describe('troupe', () => {
  it('shows what waits, and decides it', async () => {
    const yes = await make({ message: 'Ship it?' });
    const ask = await make({ purpose: 'Question', message: 'Which one?', options: ['a', 'b'] });
    const others = await make({ approvers: { users: ['somebody'] } });
    const cli = (...words: string[]) => done(k.api.kubeconfig, words);
    const { stdout } = await cli('inbox');
    expect(stdout).toMatch(new RegExp(`default +${yes} +task +Stage +\\S+ +Ship it\\?`));
    expect(stdout).toMatch(new RegExp(`${ask} +task +Question .* Which one\\? \\[one of: a, b\\]`));
    expect(stdout).not.toContain(others);
    expect((await cli('inbox', '--all')).stdout).toContain(others);
    expect((await cli('approve', yes, '--reason', 'fine')).stdout).toBe(
      `approval.agent.wecode.io/${yes} approved\n`,
    );
    expect((await cli('approve', ask)).stderr).toContain('status.message: Required value: the answer');
    expect((await cli('approve', `approval/${ask}`, '-m', 'b')).stderr).toBe('');
    const last = await make();
    expect((await cli('reject', last, '--reason', 'no tests')).stdout).toContain('rejected');
    expect(await must('get', 'appr', last, '-o', 'jsonpath={.status.reason}')).toBe('no tests');
  });
});

describe('troupe inbox', () => {
  it('prints objects, too, and none where nothing waits', async () => {
    const name = await make();
    const cli = (...words: string[]) => done(k.api.kubeconfig, ['inbox', ...words]);
    expect((await cli('-o', 'name')).stdout.split('\n')).toContain(`approval.agent.wecode.io/${name}`);
    const { items } = JSON.parse((await cli('-o', 'json')).stdout) as {
      items: { kind: string; metadata: { name: string; managedFields?: object } }[];
    };
    const found = items.find(({ metadata }) => metadata.name === name);
    expect(found).toMatchObject({ kind: 'Approval', status: { phase: 'Pending' } });
    expect(found?.metadata.managedFields).toBeUndefined();
    const elsewhere = (format: string) => cli('-n', 'kube-public', '-o', format);
    expect(await elsewhere('name')).toMatchObject({ code: 0, stdout: '' });
    expect(JSON.parse((await elsewhere('json')).stdout)).toMatchObject({ kind: 'List', items: [] });
    expect((await cli('-o', 'table')).stderr).toContain('allowed formats are');
  });

  it('tells whoever may read none so, and does not say that nothing waits', async () => {
    await using folder = await temporaryFolder('inbox');
    const kubeconfig = path.join(folder.path, 'kubeconfig');
    const rights = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: unbound}\n';
    await serviceAccountKubeconfig({
      ...{ kubeconfig: k.api.kubeconfig, file: kubeconfig },
      name: 'nobody',
      rights,
    });
    const words = 'cannot list resource "approvals"';
    expect(await done(kubeconfig, ['inbox'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(words) as string,
    });
    const waits = await done(kubeconfig, ['wait', 'approval/x', '--for', 'delete']);
    expect(waits.stderr).toContain('cannot get resource "approvals"');
  });
});

describe('REST', () => {
  it('decides by POST, with or without words, and tells of refusals in its own form', async () => {
    const at = '/api/v1/namespaces/default/approvals';
    const name = await make();
    const yes = await k.api.send(`${at}/${name}/approve`, { method: 'POST', body: { reason: 'ok' } });
    expect([yes.status, yes.json()['status']]).toEqual([
      200,
      expect.objectContaining({ decision: 'Approved', reason: 'ok' }),
    ]);
    const no = await k.api.send(`${at}/${name}/reject`, { method: 'POST' });
    expect([no.status, String(no.json()['detail'])]).toEqual([
      400,
      expect.stringContaining('the decision is final'),
    ]);
    expect((await k.api.send(at)).json()['kind']).toBe('ApprovalList');
    expect((await k.api.send('/api/v1/openapi.json')).text).toContain('/approvals/{name}/approve');
  });
});
