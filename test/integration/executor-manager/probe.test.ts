import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Sandbox, SandboxSpec } from '#api/types/generated/sandbox';
import { EVENTS, SANDBOXES, SECRETS, SKILL_PACKAGES } from '#api/types/resources';
import { skillPackageName } from '#api/types/skills/skill';
import { dockerClient } from '#dev/environment/docker/docker';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import { readZip } from '#skill-packages/read-zip';
import { mustRun } from '../../kit/command.ts';
import { gitRepository } from '../../kit/git-repository.ts';
import { httpGitServer } from '../../kit/http-git-server.ts';
import { imageRegistry } from '../../kit/image-registry.ts';
import type { ImageRegistry } from '../../kit/image-registry.ts';
import {
  EXECUTOR,
  inPhase,
  isOver,
  managerConfig,
  stage,
  startManager,
  untilGone,
  untilSandbox,
} from './stage.ts';
import type { Stage } from './stage.ts';

const stack = new AsyncDisposableStack();
const engine = dockerClient(process.env['DOCKER_HOST'] ?? '');
let on: Stage;
let registry: ImageRegistry;

beforeAll(async () => {
  on = stack.use(await stage());
  registry = stack.use(await imageRegistry());
});
afterAll(() => stack.disposeAsync());
afterEach(async () => {
  const { client } = on.connection;
  for (const { metadata } of (await client.list(SANDBOXES)).items) {
    await client.delete(SANDBOXES, { namespace: 'default', name: metadata.name });
    await untilGone(on, metadata.name);
  }
});

/** A Sandbox that checks, bound as the sandbox controller would. */
function probe(name: string, spec: Partial<SandboxSpec>): Promise<Sandbox> {
  return on.connection.client.create(SANDBOXES, {
    apiVersion: 'agent.wecode.io/v1alpha1',
    kind: 'Sandbox',
    metadata: { name, namespace: 'default' },
    spec: { executorName: EXECUTOR, timeoutSeconds: 30, ...spec },
  });
}

/** What is left in the engine of the runtime that a Sandbox had. */
async function remains({ status }: Pick<Sandbox, 'status'>): Promise<string[]> {
  const name = `troupe-${status?.runtimeID}`;
  expect(name).toMatch(/^troupe-rt-/);
  const containers = await engine.listContainers({ all: true, filters: JSON.stringify({ name: [name] }) });
  const { Volumes } = await engine.listVolumes({ filters: JSON.stringify({ name: [name] }) });
  return [...containers.map(({ Id }) => Id), ...(Volumes ?? []).map(({ Name }) => Name)];
}

const shell = (image: string) => ({ type: 'ClaudeCode' as const, image });

describe('a Sandbox that checks an image', () => {
  it.each<[string, string | undefined, object]>([
    ['is fine', undefined, { ok: true, message: 'The image starts, and agents can work in it.' }],
    [
      'has a program',
      'tool',
      {
        ok: true,
        checks: expect.arrayContaining([
          { name: 'program', ok: true, message: 'The program tool is /usr/tools/tool.' },
        ]),
      },
    ],
    [
      'lacks a program',
      'hammer',
      { ok: false, message: 'There is no program hammer in PATH (/usr/tools:/opt/troupe/bin).' },
    ],
  ])('that %s says so', async (_, program, expected) => {
    await using _manager = await startManager(on, await managerConfig(on, { driver: 'docker' }));
    const image = await registry.push('team/probed:1', {
      files: { 'usr/tools/tool': 'x' },
      config: { Env: ['PATH=/usr/tools'] },
    });
    await probe('check', { shell: shell(image), probe: { image: program === undefined ? {} : { program } } });
    const { status = {} } = await untilSandbox(on, 'check', isOver);
    expect(status).toMatchObject({ phase: 'Succeeded', probeResult: expected });
    await expect.poll(() => remains({ status }), { timeout: 20_000 }).toEqual([]);
  });

  it('that is not there says so at once, in Events too', async () => {
    await using _ = await startManager(on, await managerConfig(on, { driver: 'docker' }));
    const image = registry.nameOf('team/absent:1');
    await probe('absent', { shell: shell(image), probe: { image: {} } });
    const { status } = await untilSandbox(on, 'absent', isOver);
    expect(status).toMatchObject({
      phase: 'Failed',
      reason: 'ErrImagePull',
      message: `The check could not be made: image ${image} cannot be pulled: manifest unknown.`,
    });
    const events = async () =>
      (await on.connection.client.list(EVENTS, { namespace: 'default' })).items
        .filter((event) => (event['involvedObject'] as { name?: string }).name === 'absent')
        .map((event) => `${String(event['type'])} ${String(event['reason'])}`)
        .toSorted((a, b) => a.localeCompare(b));
    await expect.poll(events).toEqual(['Normal Pulling', 'Warning Failed']);
  });

  it.each([
    { reason: 'is had with the credential', password: 's3cret-pass', phase: 'Succeeded', says: 'starts' },
    { reason: 'is refused with another one', password: 'wrong', phase: 'Failed', says: 'cannot be pulled' },
  ])('of a registry with a password $reason', async ({ password, phase, says }) => {
    await using closed = await imageRegistry();
    const image = await closed.push(`team/closed-${phase.toLowerCase()}:1`, { files: { a: phase } });
    closed.close('bob', 's3cret-pass');
    await using _ = await startManager(on, await managerConfig(on, { driver: 'docker' }));
    const { client } = on.connection;
    const config = { auths: { [image.split('/')[0] ?? '']: { username: 'bob', password } } };
    const secret = { namespace: 'default', name: 'registry' };
    await client.create(SECRETS, {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: secret, type: 'kubernetes.io/dockerconfigjson' },
      data: { '.dockerconfigjson': Buffer.from(JSON.stringify(config)).toString('base64') },
    });
    await probe('closed', { shell: { ...shell(image), imagePullSecrets: [secret] }, probe: { image: {} } });
    const { status } = await untilSandbox(on, 'closed', isOver);
    await client.delete(SECRETS, secret);
    expect(status).toMatchObject({ phase, message: expect.stringContaining(says) });
    expect(JSON.stringify(status)).not.toContain(password);
  });

  it('that is being pulled shows it, and leaves nothing when the Sandbox is deleted', async () => {
    await using _ = await startManager(on, await managerConfig(on, { driver: 'docker' }));
    const gate = Promise.withResolvers<void>();
    registry.hold(gate.promise);
    const image = await registry.push('team/slow:1', { files: { slow: 'slow' } });
    await probe('slow', { shell: shell(image), probe: { image: {} } });
    const { status = {} } = await untilSandbox(on, 'slow', ({ status: now }) => now?.reason === 'Pulling');
    expect(status).toMatchObject({ phase: 'Starting', message: `Pulling image ${image}.` });
    await on.connection.client.delete(SANDBOXES, { namespace: 'default', name: 'slow' });
    gate.resolve();
    await expect.poll(() => remains({ status }), { timeout: 20_000 }).toEqual([]);
  });

  it('is refused where nothing runs in images', async () => {
    await using _ = await startManager(on, await managerConfig(on, { driver: 'process' }));
    await probe('process', { shell: shell('any:1'), probe: { image: {} } });
    const { status } = await untilSandbox(on, 'process', inPhase('Failed'));
    expect(status?.message).toBe(`The check could not be made: Executor ${EXECUTOR} runs no images.`);
  });
});

describe('a Sandbox that fetches a skill', () => {
  const SKILL = '---\nname: pdf\ndescription: Reads PDF files.\n---\n\nRead them.\n';
  const REFUSED = 'SKILL.md: name is "pdf"; it must be that of the Skill, "doc".';

  /** With a repository behind a password, and a Secret with it. */
  async function fetchSkill(skill: { name: string; password: string }) {
    await using repository = await gitRepository({ files: { 'skills/pdf/SKILL.md': SKILL } });
    await using folder = await temporaryFolder('skill-server');
    const bare = path.join(folder.path, 'project.git');
    await mustRun('git', ['clone', '--quiet', '--bare', repository.fileUrl, bare]);
    await using server = await httpGitServer({
      ...{ folder: folder.path, username: 'bob', password: 's3cret-pass' },
    });
    const { client } = on.connection;
    const secret = { namespace: 'default', name: 'git' };
    await client.create(SECRETS, {
      ...{ apiVersion: 'v1', kind: 'Secret', metadata: secret },
      stringData: { username: 'bob', password: skill.password },
    });
    try {
      const from = { gitUrl: server.url, ref: 'main', path: 'skills/pdf', secretName: 'git' };
      await probe('skill', { probe: { skill: { name: skill.name, ...from } } });
      return (await untilSandbox(on, 'skill', isOver)).status;
    } finally {
      await client.delete(SECRETS, secret);
    }
  }

  it('makes its package, and says from which commit', async () => {
    await using _ = await startManager(on, await managerConfig(on, { driver: 'process' }));
    const status = await fetchSkill({ name: 'pdf', password: 's3cret-pass' });
    const found = status?.probeResult?.skill;
    expect(found).toMatchObject({
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      ...{ description: 'Reads PDF files.', files: 1 },
    });
    const name = skillPackageName(found?.contentHash ?? '');
    const { spec } = await on.connection.client.get(SKILL_PACKAGES, { namespace: 'default', name });
    const [file] = await readZip(Buffer.from(spec.zip, 'base64'));
    expect(file?.content.toString()).toBe(SKILL);
  });

  it.each([
    { reason: 'another name', skill: { name: 'doc', password: 's3cret-pass' }, says: REFUSED },
    {
      reason: 'a credential that is refused',
      skill: { name: 'pdf', password: 'wrong' },
      says: 'refused the credential of Secret "default/git" (key password).',
    },
  ])('says so for $reason', async ({ skill, says }) => {
    await using _ = await startManager(on, await managerConfig(on, { driver: 'process' }));
    const status = await fetchSkill(skill);
    expect(status?.probeResult).toMatchObject({ ok: false, message: expect.stringContaining(says) });
    expect(JSON.stringify(status)).not.toContain('wrong');
  });
});

describe('the API', () => {
  it.each<[string, Partial<SandboxSpec>]>([
    ['neither a Task nor a check', {}],
    ['both', { taskRef: { name: 't', uid: 'u' }, probe: { image: {} } }],
    ['a check of nothing', { probe: {} }],
    ['a run without a prompt', { taskRef: { name: 't', uid: 'u' } }],
  ])('refuses a Sandbox of %s', async (_, spec) => {
    await expect(probe('odd', spec)).rejects.toMatchObject({ reason: 'Invalid' });
  });
});
