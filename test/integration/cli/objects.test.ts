import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EVENTS, GHOSTS } from '#api/types/resources';
import { loadScript } from '#model-server/load-script';
import { ROOT } from '../../kit/paths.ts';
import { startRestartableApi } from '../../kit/restartable-api.ts';
import { createTask, ghost, setStatus } from './server.ts';
import type { RestartableApi } from '../../kit/restartable-api.ts';
import { done, troupe } from './terminal.ts';

let server: RestartableApi;
beforeAll(async () => {
  server = await startRestartableApi();
});
afterAll(() => server[Symbol.asyncDispose]());

const cli = (words: string, stdin?: string) => done(server.kubeconfig, words.split(' '), stdin);

describe('troupe apply', () => {
  it('creates, leaves alone, changes and takes out fields', async () => {
    expect(await cli('apply -f -', ghost('a') + ghost('b'))).toEqual({
      code: 0,
      stdout: 'ghost.agent.wecode.io/a created\nghost.agent.wecode.io/b created\n',
      stderr: '',
    });
    expect((await cli('apply -f -', ghost('a'))).stdout).toBe('ghost.agent.wecode.io/a unchanged\n');
    expect((await cli('apply -f -', ghost('a', 'Be kind.', 'x: y'))).stdout).toBe(
      'ghost.agent.wecode.io/a configured\n',
    );
    await cli('apply -f -', ghost('a', 'Be kind.'));
    const { metadata, spec } = await server.connection.client.get(GHOSTS, {
      namespace: 'default',
      name: 'a',
    });
    expect({ labels: metadata.labels, spec }).toEqual({
      labels: undefined,
      spec: { systemPrompt: 'Be kind.' },
    });
  });

  it('leaves alone what others set', async () => {
    await cli('apply -f -', ghost('shared'));
    const ref = { namespace: 'default', name: 'shared' };
    const body = { metadata: { labels: { theirs: '1' } } };
    await server.connection.client.patch(GHOSTS, ref, { type: 'merge', body });
    await cli('apply -f -', ghost('shared', 'New.'));
    expect((await server.connection.client.get(GHOSTS, ref)).metadata.labels).toEqual({ theirs: '1' });
  });

  it('does the rest when one fails, and ends with 1', async () => {
    const bad = ghost('bad').replace('systemPrompt', 'systemPrompts');
    const result = await cli(
      'apply -f -',
      `${bad}apiVersion: no.such/v1\nkind: Thing\nmetadata: {name: t}\n---\n${ghost('good')}`,
    );
    expect(result).toMatchObject({ code: 1, stdout: 'ghost.agent.wecode.io/good created\n' });
    expect(result.stderr).toContain('Error from server (BadRequest): error when applying "STDIN": ');
    expect(result.stderr).toContain('unknown field "spec.systemPrompts"');
    expect(result.stderr).toContain('no matches for kind "Thing" in version "no.such/v1"');
  });

  it('refuses a manifest of another namespace than the one asked for', async () => {
    const result = await cli(
      'apply -n default -f -',
      ghost('x').replace('{name: x', '{namespace: system, name: x'),
    );
    expect(result).toMatchObject({ code: 1, stdout: '' });
    expect(result.stderr).toContain('does not match the namespace "default"');
  });

  it('stores nothing in a dry run', async () => {
    const result = await cli('apply --dry-run server -f -', ghost('dry'));
    expect(result.stdout).toBe('ghost.agent.wecode.io/dry created (server dry run)\n');
    expect((await cli('get ghost dry')).code).toBe(1);
  });
});

describe('examples', () => {
  const EXAMPLES = join(ROOT, 'examples');
  const folders = readdirSync(EXAMPLES, { withFileTypes: true })
    // That of helm is for a cluster: values, and a MySQL.
    .filter((entry) => entry.isDirectory() && entry.name !== 'helm')
    .map(({ name }) => name);

  it.each([...folders, 'quickstart/with-a-key'])('the folder %s is taken as it is', async (folder) => {
    const result = await cli(`apply --dry-run server -f ${join(EXAMPLES, folder)}`);
    expect(result, 'no unknown field, no wrong value').toMatchObject({ code: 0, stderr: '' });
  });

  it('have scripts the model server reads, which answer both members of the pipeline', async () => {
    const { rules } = await loadScript(join(EXAMPLES, 'pipeline/model/script.yaml'));
    expect(rules.map(({ name }) => name)).toEqual(expect.arrayContaining(['the writer', 'the reviewer']));
  });
});

describe('troupe get', () => {
  it('prints tables, names, YAML and JSONPaths', async () => {
    await cli('apply -f -', ghost('g1', 'One.', 'set: get') + ghost('g2', 'Two.', 'set: get'));
    expect((await cli('get ghosts -l set=get -o name')).stdout).toBe(
      'ghost.agent.wecode.io/g1\nghost.agent.wecode.io/g2\n',
    );
    const table = (await cli('get gh -l set=get -A --show-labels')).stdout.split('\n');
    expect(table[0]).toMatch(/^NAMESPACE +NAME +.*AGE +LABELS$/);
    expect(table[1]).toMatch(/^default +g1 +.*set=get$/);
    expect((await cli('get ghost/g1 -o jsonpath={.spec.systemPrompt}')).stdout).toBe('One.');
    expect((await cli('get ghost g1 g2 -o jsonpath={.items[*].metadata.name}')).stdout).toBe('g1 g2');
    const yaml = (await cli('get ghost g1 -o yaml')).stdout;
    expect(yaml).toMatch(/^apiVersion: agent.wecode.io\/v1\nkind: Ghost\nmetadata:\n/);
    expect(yaml).not.toContain('managedFields');
  });

  it('prints what there is and says what there is not', async () => {
    await cli('apply -f -', ghost('g3'));
    const result = await cli('get ghost g3 nobody');
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/^NAME .*\ng3 /);
    expect(result.stderr).toBe('Error from server (NotFound): ghosts.agent.wecode.io "nobody" not found\n');
    expect(await cli('get ghost nobody --ignore-not-found')).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await cli('get teams -n system')).toEqual({
      code: 0,
      stdout: '',
      stderr: 'No resources found in system namespace.\n',
    });
    expect((await cli('get things')).stderr).toBe(
      'error: the server doesn\'t have a resource type "things"\n',
    );
  });

  it('says in one line that there is no server', async () => {
    const result = await done('/nowhere/kubeconfig', ['get', 'tasks']);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/^error: kubeconfig \/nowhere\/kubeconfig: ENOENT.*\n$/);
  });
});

describe('troupe get --watch', () => {
  it('shows what is there and what changes, over a restart of the server, until Ctrl-C', async () => {
    await using own = await startRestartableApi();
    const { connection } = own;
    await createTask(connection, 'one');
    const table = troupe(own.kubeconfig, ['get', 'tasks', '-w']);
    await table.shows('one');
    await createTask(connection, 'two');
    await table.shows('two');
    const names = troupe(own.kubeconfig, ['get', 'task', 'two', '-w', '-o', 'jsonpath={.status.status};']);
    await names.shows(';');
    await own.restart();
    await setStatus(connection, 'two', { status: 'RUNNING' });
    await Promise.all([table.shows('RUNNING'), names.shows('RUNNING;')]);
    table.interrupt();
    names.interrupt();
    expect([await table.exit, await names.exit]).toEqual([130, 130]);
    const lines = table.stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.split(/\s+/)[0])).toEqual(['NAME', 'one', 'two', 'two']);
    expect(names.stdout).toBe(';RUNNING;');
  });

  it('says that the object to watch does not exist', async () => {
    const result = await cli('get task nobody -w');
    expect(result).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): tasks.agent.wecode.io "nobody" not found\n',
    });
  });
});

describe('troupe delete', () => {
  it('waits until a finalizer lets go', async () => {
    const { client } = server.connection;
    const ref = { namespace: 'default', name: 'held' };
    await cli('apply -f -', ghost('held').replace('{name: held', '{finalizers: [x.io/y], name: held'));
    const running = troupe(server.kubeconfig, ['delete', 'ghost', 'held']);
    await running.shows('ghost.agent.wecode.io "held" deleted');
    expect((await client.get(GHOSTS, ref)).metadata.deletionTimestamp).toBeDefined();
    await client.patch(GHOSTS, ref, { type: 'merge', body: { metadata: { finalizers: null } } });
    expect(await running.exit).toBe(0);
  });

  it('gives up when the time is over, or does not wait at all', async () => {
    await cli('apply -f -', ghost('stuck').replace('{name: stuck', '{finalizers: [x.io/y], name: stuck'));
    expect(await cli('delete ghost stuck --wait=false')).toMatchObject({ code: 0 });
    const late = await cli('delete ghost stuck --timeout 100ms');
    expect(late).toMatchObject({
      code: 1,
      stderr: 'error: timed out waiting for the condition on ghosts/stuck\n',
    });
  });

  it('deletes by selector and by manifest, and says what is not there', async () => {
    await cli('apply -f -', ghost('d1', 'x', 'set: d') + ghost('d2', 'x', 'set: d') + ghost('d3'));
    expect((await cli('delete ghosts -l set=d')).stdout).toBe(
      'ghost.agent.wecode.io "d1" deleted\nghost.agent.wecode.io "d2" deleted\n',
    );
    expect((await cli('delete -f -', ghost('d3'))).code).toBe(0);
    expect(await cli('delete -f -', ghost('d3'))).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): ghosts.agent.wecode.io "d3" not found\n',
    });
    expect((await cli('delete ghost d3 --ignore-not-found')).code).toBe(0);
    expect((await cli('delete ghosts')).stderr).toBe(
      'error: resource(s) were provided, but no name was specified\n',
    );
  });
});

describe('troupe describe', () => {
  it('shows fields, conditions and events', async () => {
    const task = await createTask(server.connection, 'described');
    await setStatus(server.connection, 'described', {
      status: 'PENDING',
      conditions: [
        {
          type: 'Ready',
          status: 'False',
          reason: 'TeamNotFound',
          message: 'Team "default/team" not found',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    });
    await server.connection.client.create(EVENTS, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'described.1', namespace: 'default' },
      involvedObject: { kind: 'Task', name: 'described', namespace: 'default', uid: task.metadata.uid },
      type: 'Warning',
      reason: 'Waiting',
      message: 'Waited for Team "team"',
      count: 3,
      source: { component: 'task-controller' },
    });
    const { stdout } = await cli('describe task described');
    expect(stdout).toContain('Name:        described\n');
    expect(stdout).toContain('  Prompt:  Say hello\n');
    expect(stdout).toMatch(/ {2}Ready +False +\S+ +TeamNotFound +Team "default\/team" not found\n/);
    expect(stdout).toMatch(/ {2}Warning +Waiting +.*x3 .*task-controller +Waited for Team "team"\n/);
  });
});

describe('troupe wait', () => {
  it('waits for a condition, a value and the end of an object', async () => {
    await createTask(server.connection, 'awaited');
    const condition = troupe(server.kubeconfig, ['wait', 'task/awaited', '--for=condition=Finished']);
    const value = troupe(server.kubeconfig, [
      'wait',
      'task',
      'awaited',
      '--for=jsonpath={.status.status}=COMPLETED',
    ]);
    await setStatus(server.connection, 'awaited', {
      status: 'COMPLETED',
      conditions: [
        {
          type: 'Finished',
          status: 'True',
          reason: 'Completed',
          message: 'x',
          lastTransitionTime: '2026-01-02T03:04:05Z',
        },
      ],
    });
    expect([await condition.exit, await value.exit]).toEqual([0, 0]);
    expect(condition.stdout).toBe('task.agent.wecode.io/awaited condition met\n');
    const gone = troupe(server.kubeconfig, ['wait', 'task/awaited', '--for=delete']);
    await cli('delete task awaited');
    expect(await gone.exit).toBe(0);
  });

  it('fails for what is not there, and when the time is over', async () => {
    expect((await cli('wait task/nobody --for=condition=Ready')).stderr).toBe(
      'Error from server (NotFound): tasks.agent.wecode.io "nobody" not found\n',
    );
    await createTask(server.connection, 'slow');
    expect(await cli('wait task/slow --for=condition=Ready --timeout=50ms')).toEqual({
      code: 1,
      stdout: '',
      stderr: 'error: timed out waiting for the condition on tasks/slow\n',
    });
  });
});
