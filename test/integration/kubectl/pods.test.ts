import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import type { Commands } from '../../kit/command.ts';

const TASKS = '/apis/agent.wecode.io/v1/namespaces/default/tasks';
const SANDBOXES = '/apis/agent.wecode.io/v1alpha1/namespaces/default/sandboxes';
const PODS = '/api/v1/namespaces/default/pods';
const MERGE = { 'content-type': 'application/merge-patch+json' };

let api: TestApi;
let kubectl: Commands['kubectl'];
let must: (...args: string[]) => Promise<string>;
let task = { name: '', uid: '' };
let name = '';
let count = 0;

beforeAll(async () => {
  api = await testApi();
  ({ kubectl } = commandsFor(api.kubeconfig));
  must = (...args) => commandsFor(api.kubeconfig).mustKubectl(args);
});

afterAll(() => api[Symbol.asyncDispose]());

beforeEach(async () => {
  const spec = { prompt: 'do', teamRef: { name: 't', namespace: 'default' } };
  count += 1;
  const metadata = { name: `task-${count}` };
  const made = await post(TASKS, { apiVersion: 'agent.wecode.io/v1', kind: 'Task', metadata, spec });
  task = { name: metadata.name, uid: uidOf(made) };
  name = await sandbox();
});

const uidOf = (answer: ApiAnswer): string =>
  (answer.json() as unknown as { metadata: { uid: string } }).metadata.uid;

async function post(path: string, body: object): Promise<ApiAnswer> {
  const answer = await api.send(path, { method: 'POST', body });
  expect(answer.status, answer.text).toBeLessThan(300);
  return answer;
}

/** The name of a new Sandbox of the Task. */
async function sandbox(attempt = 1, spec: object = {}): Promise<string> {
  const metadata = { name: `box-${count}-s0-a${attempt}`, labels: { app: `app-${count}` } };
  const run = {
    taskRef: task,
    ...{ step: 0, attempt, prompt: 'do', timeoutSeconds: 60 },
    ...{ shell: { type: 'Chat' }, agent: { botName: 'b' }, ...spec },
  };
  await post(SANDBOXES, {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Sandbox', metadata },
    spec: run,
  });
  return metadata.name;
}

async function setStatus(status: object, of = name): Promise<void> {
  const sent = { method: 'PATCH', body: { status }, headers: MERGE } as const;
  const answer = await api.send(`${SANDBOXES}/${of}/status`, sent);
  expect(answer.status, answer.text).toBe(200);
}

const bind = (executorName: string): Promise<ApiAnswer> =>
  api.send(`${SANDBOXES}/${name}`, { method: 'PATCH', body: { spec: { executorName } }, headers: MERGE });

/** Events of one second each, from `from` on. */
function append(texts: readonly string[], { source = name, from = 1 } = {}): Promise<ApiAnswer> {
  const events = texts.map((text, index) => ({
    sourceSeq: from + index,
    time: new Date(Date.UTC(2026, 10, 1, 0, 0, from + index)).toISOString().replace('Z', '000Z'),
    type: 'text',
    data: { text },
  }));
  return post(`${TASKS}/${task.name}/log`, { source, taskUID: task.uid, events });
}

const RUNNING = {
  phase: 'Running',
  startedAt: '2026-11-01T00:00:00Z',
  runningAt: '2026-11-01T00:00:01Z',
  conditions: [
    {
      ...{ type: 'Ready', status: 'True', reason: 'AgentRunning', message: 'The agent works.' },
      lastTransitionTime: '2026-11-01T00:00:01Z',
    },
  ],
};

describe('a Sandbox as a Pod', () => {
  it.each([
    ['nobody took it up', {}, '', '0/1', 'Pending'],
    ['its container is made', { phase: 'Starting', reason: 'Starting' }, 'ex', '0/1', 'ContainerCreating'],
    ['its image is pulled', { phase: 'Starting', reason: 'Pulling' }, 'ex', '0/1', 'Pulling'],
    ['the agent works', RUNNING, 'ex', '1/1', 'Running'],
    ['it is done', { phase: 'Succeeded', reason: 'Succeeded' }, 'ex', '0/1', 'Completed'],
    ['it asks a person', { phase: 'Suspended', reason: 'WaitingForAnswer' }, 'ex', '0/1', 'WaitingForAnswer'],
    ['it failed', { phase: 'Failed', reason: 'ModelError', message: 'no' }, 'ex', '0/1', 'ModelError'],
    ['it was cancelled', { phase: 'Cancelled', reason: 'Cancelled' }, 'ex', '0/1', 'Cancelled'],
  ])('%s', async (_why, status, executor, ready, shown) => {
    if (executor !== '') await bind(executor);
    await setStatus(status);
    const line = await must('get', 'pod', name, '--no-headers', '-o', 'wide');
    const [, ...cells] = line.trim().split(/ +/);
    expect([cells[0], cells[1], cells[2], cells[5]]).toEqual([ready, shown, '0', executor || '<none>']);
  });

  it('has what clients look for: selectors, an owner, one container, and the Events of the Sandbox', async () => {
    await bind('exec-1');
    await setStatus(RUNNING);
    const uid = uidOf(await api.send(`${SANDBOXES}/${name}`));
    const pod = (await api.send(`${PODS}/${name}`)).json() as Record<string, object>;
    expect(pod).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        labels: { app: `app-${count}` },
        annotations: { 'kubernetes.io/config.mirror': uid },
        ownerReferences: [{ kind: 'Sandbox', name, uid, controller: true }],
      },
      spec: { nodeName: 'exec-1', containers: [{ name: 'agent' }] },
      status: { phase: 'Running', startTime: RUNNING.startedAt },
    });
    expect(pod['metadata']).not.toMatchObject({ uid });
    for (const selector of [
      ['-l', `app=app-${count}`],
      ['--field-selector', `spec.nodeName=exec-1,status.phase=Running,metadata.name=${name}`],
    ]) {
      expect(await must('get', 'pods', '-A', '-o', 'name', ...selector)).toBe(`pod/${name}\n`);
    }
    await post('/api/v1/namespaces/default/events', {
      metadata: { name: `e-${count}` },
      involvedObject: { kind: 'Sandbox', namespace: 'default', name, uid },
      reason: 'ImagePulled',
      message: 'It is here.',
      type: 'Normal',
    });
    const text = await must('describe', 'pod', name);
    expect(text).toMatch(/Controlled By: +Sandbox\/box-/);
    expect(text).toContain('It is here.');
    await must('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=5s');
  });

  it('is watched: it appears, changes and goes with its Sandbox', async () => {
    const { resourceVersion } = (
      (await api.send(PODS)).json() as unknown as { metadata: { resourceVersion: string } }
    ).metadata;
    const query = `watch=true&resourceVersion=${resourceVersion}&fieldSelector=metadata.name=${name}`;
    await using watch = await api.lines(`${PODS}?${query}`);
    await setStatus(RUNNING);
    await api.send(`${SANDBOXES}/${name}`, { method: 'DELETE' });
    const seen = [await watch.next(), await watch.next()].map((line) => {
      const { type, object } = JSON.parse(line ?? '') as {
        type: string;
        object: { kind: string; status: { phase: string } };
      };
      return [type, object.kind, object.status.phase];
    });
    expect(seen).toEqual([
      ['MODIFIED', 'Pod', 'Running'],
      ['DELETED', 'Pod', 'Running'],
    ]);
  });

  it.each([
    ['delete', ['delete', 'pod', 'NAME']],
    ['label', ['label', 'pod', 'NAME', 'a=b']],
    ['run', ['run', 'mine', '--image=nginx']],
  ])('is not written: kubectl %s', async (_verb, args) => {
    const { code, stderr } = await kubectl(args.map((arg) => arg.replace('NAME', name)));
    expect([code, stderr]).toEqual([1, expect.stringContaining('Pods are a view of Sandboxes')]);
    expect(uidOf(await api.send(`${SANDBOXES}/${name}`))).not.toBe('');
  });

  it('takes no container for debugging, and has no figures, in words that kubectl prints', async () => {
    const debug = await kubectl(['debug', name, '--image=busybox', '--profile=general']);
    expect([debug.code, debug.stderr]).toEqual([1, expect.stringContaining('ephemeral containers')]);
    expect((await kubectl(['top', 'pods'])).stderr).toContain('Metrics API not available');
  });

  it('is explained, and found by its short name and category', async () => {
    expect(await must('explain', 'pod.spec.nodeName')).toContain('Name of the Executor.');
    expect(await must('get', 'po', name, '-o', 'name')).toBe(`pod/${name}\n`);
    expect(await must('get', 'all', '-o', 'name')).toContain(`pod/${name}\n`);
  });
});

describe('the log of a Pod', () => {
  it('is the part of its Sandbox in the log of the Task, as text', async () => {
    await append(['Looking ', 'around.\n', 'Done.\n']);
    await append(['Somebody else.\n'], { source: 'box-of-another' });
    expect(await must('logs', name)).toBe('Looking around.\nDone.\n');
    expect(await must('logs', name, '--timestamps')).toBe(
      '2026-11-01T00:00:01.000000Z Looking around.\n2026-11-01T00:00:03.000000Z Done.\n',
    );
  });

  it.each([
    [['--tail=1'], 'three'],
    [['--tail=2'], 'two\nthree'],
    [['--tail=0'], ''],
    [['--tail=9'], 'one\ntwo\nthree'],
    [['--since-time=2026-11-01T00:00:02Z'], 'two\nthree'],
    [['--since=1s'], ''],
    [['--limit-bytes=6'], 'one\ntw'],
    [['-c', 'agent', '--tail=1', '--limit-bytes=2'], 'th'],
  ])('kubectl logs %j', async (args, text) => {
    await append(['one\n', 'two\n', 'three']);
    const said = await must('logs', name, ...args);
    expect(said.trimEnd()).toBe(text);
  });

  it.each([
    [['-c', 'other'], `container other is not valid for pod`],
    [['-p'], `previous terminated container "agent" in pod "box-`],
  ])('refuses %j in the words of a kubelet', async (args, text) => {
    const { code, stderr } = await kubectl(['logs', name, ...args]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(text)]);
  });

  it.each([
    ['tailLines=-1', 'tailLines: Invalid value: -1: must be greater than or equal to 0'],
    ['limitBytes=0', 'limitBytes: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    ['sinceSeconds=1&sinceTime=2026-11-01T00:00:00Z', 'at most one of `sinceTime` or `sinceSeconds`'],
  ])('refuses ?%s', async (query, text) => {
    const answer = await api.send(`${PODS}/${name}/log?${query}`);
    expect([answer.status, answer.text]).toEqual([422, expect.stringContaining('PodLogOptions')]);
    expect((answer.json() as unknown as { message: string }).message).toContain(text);
  });

  it('of the attempt before is that of another Sandbox, which may be gone', async () => {
    await append(['first\n']);
    const second = await sandbox(2);
    await append(['second\n'], { source: second });
    await api.send(`${SANDBOXES}/${name}`, { method: 'DELETE' });
    expect(await must('logs', second, '-p')).toBe('first\n');
    expect(await must('logs', second)).toBe('second\n');
    name = second;
    await bind('exec-1');
    expect(await must('get', 'pod', second, '--no-headers')).toMatch(/ContainerCreating +1 +\S+\n$/);
  });

  it('follows until the Sandbox has ended, though its Task goes on', async () => {
    await append(['one\n', 'two\n']);
    await using log = await api.lines(`${PODS}/${name}/log?follow=true&tailLines=1`);
    expect(await log.next()).toBe('two');
    await append(['three\n'], { from: 3 });
    expect(await log.next()).toBe('three');
    await append(['four\n'], { from: 4 });
    await setStatus({ phase: 'Succeeded' });
    expect([await log.next(), await log.next()]).toEqual(['four', undefined]);
    expect(await must('logs', '-f', name)).toBe('one\ntwo\nthree\nfour\n');
  });

  it('ends when the Sandbox is deleted', async () => {
    await append(['one\n']);
    await using log = await api.lines(`${PODS}/${name}/log?follow=true`);
    expect(await log.next()).toBe('one');
    await api.send(`${SANDBOXES}/${name}`, { method: 'DELETE' });
    expect(await log.next()).toBe(undefined);
  });
});
