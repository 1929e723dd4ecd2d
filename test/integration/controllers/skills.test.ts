import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSkillPackageClient } from '#api/client/skill-packages';
import type { SkillPackageClient } from '#api/client/skill-packages';
import { formatTime, systemClock } from '#api/machinery/clock';
import { findCondition } from '#api/machinery/condition';
import type { Skill, SkillSpec } from '#api/types/generated/skill';
import {
  BOTS,
  CONFIG_MAPS,
  GHOSTS,
  SKILL_PACKAGES,
  SKILLS,
  TASK_REVISIONS,
  TASKS,
} from '#api/types/resources';
import { skillPackageName, UNUSED_SINCE } from '#api/types/skills/skill';
import { KEEP_UNUSED_MS } from '#controllers/skill-package/plan';
import { file, rawZip } from '#skill-packages/made-up';
import type { PackageFile } from '#skill-packages/package-file';
import { packageSpec } from '#skill-packages/package-spec';
import { contentHash, packFiles } from '#skill-packages/skill-package';
import { writeZip } from '#skill-packages/write-zip';
import { play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let packages: SkillPackageClient;
beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
  packages = createSkillPackageClient({ transport: world.transport });
});
afterAll(() => world[Symbol.asyncDispose]());

const skillText = (name: string, body = 'Do it.', version = '1.0.1'): string =>
  `---\nname: ${name}\ndescription: Does it.\nmetadata: {version: "${version}"}\n---\n${body}\n`;

function zipOf(name: string, ...more: PackageFile[]): Promise<Buffer> {
  return writeZip([file('SKILL.md', skillText(name)), ...more]);
}

/** A namespace of its own, and what the tests do in it. */
async function place(namespace: string) {
  await world.client.create(
    { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    },
  );
  const actor = play(world.client, namespace);
  return {
    ...actor,
    skill: (name: string, spec: Partial<SkillSpec> = {}): Promise<Skill> =>
      world.client.create(SKILLS, {
        apiVersion: 'agent.wecode.io/v1alpha1',
        kind: 'Skill',
        metadata: { name, namespace },
        spec: { description: 'Does it.', ...spec },
      }),
    push: (name: string, zip: Buffer): Promise<Skill> => packages.push({ namespace, name }, zip),
    /** Waits until the Skill has this reason. */
    told: (name: string, reason: string): Promise<Skill> =>
      actor.there(SKILLS, name, ({ status, metadata }) => {
        const ready = findCondition(status?.conditions ?? [], 'Ready');
        return ready?.reason === reason && ready.observedGeneration === metadata.generation;
      }),
    kept: async (): Promise<string[]> =>
      (await world.client.list(SKILL_PACKAGES, { namespace })).items.map(({ metadata }) => metadata.name),
  };
}

describe('a package that is put', () => {
  it('is kept under its hash, and told in the status', async () => {
    const here = await place('put');
    await here.skill('pdf');
    expect((await here.told('pdf', 'NoPackage')).status?.message).toContain('troupe skill push');
    const zip = await zipOf('pdf', file('scripts/a.sh', 'exit 0', true));
    const hash = contentHash(zip);
    expect((await here.push('pdf', zip)).status?.upload).toMatchObject({ contentHash: hash, files: 2 });
    const { status } = await here.told('pdf', 'Packaged');
    expect(status).toMatchObject({
      ...{ contentHash: hash, fileHash: hash, version: '1.0.1', files: 2, fileSize: zip.length },
      ...{ state: 'Available', skillDescription: 'Does it.' },
    });
    expect(await here.kept()).toEqual([skillPackageName(hash)]);
    expect(await packages.pull({ namespace: 'put', name: 'pdf' })).toEqual(zip);
  });

  it('is the same whoever packed it, and another one takes its place', async () => {
    const here = await place('again');
    await here.skill('pdf', { version: 7 });
    const first = contentHash(await zipOf('pdf'));
    await here.push('pdf', await zipOf('pdf'));
    await here.push('pdf', rawZip([{ name: 'pdf/SKILL.md', content: skillText('pdf'), method: 0 }]));
    expect(await here.kept()).toEqual([skillPackageName(first)]);
    const other = await zipOf('pdf', file('more.md'));
    await here.push('pdf', other);
    const { status } = await here.there(
      SKILLS,
      'pdf',
      (skill) => skill.status?.contentHash === contentHash(other),
    );
    expect(status?.version).toBe('7');
    const read = (hash?: string) => packages.pull({ namespace: 'again', name: 'pdf' }, hash);
    expect(contentHash(await read(first))).toBe(first);
    expect(await read()).toEqual(other);
  });

  it.each<{ reason: string; zip: () => Promise<Buffer>; says: string }>([
    {
      reason: 'bomb',
      zip: async () => rawZip([{ name: 'a', content: Buffer.alloc(3e8) }]),
      says: 'unpacked',
    },
    { reason: 'path', zip: async () => rawZip([{ name: '../a' }]), says: 'leads out of the folder' },
    { reason: 'link', zip: async () => rawZip([{ name: 'a', mode: 0o120777 }]), says: 'is a symbolic link' },
    { reason: 'no-skill', zip: async () => writeZip([file('README.md')]), says: 'there is no SKILL.md' },
    { reason: 'other-name', zip: () => zipOf('word'), says: 'it must be that of the Skill, "pdf"' },
    { reason: 'no-zip', zip: async () => Buffer.from('hello'), says: 'the zip cannot be read' },
    { reason: 'large', zip: async () => Buffer.alloc(2.5 * 1024 * 1024), says: 'at most 2097152' },
  ])('is refused with the reason, and nothing is kept: $reason', async ({ reason, zip, says }) => {
    const here = await place(`refused-${reason}`);
    await here.skill('pdf');
    await expect(here.push('pdf', await zip())).rejects.toMatchObject({
      reason: 'Invalid',
      message: expect.stringContaining(says),
    });
    expect(await here.kept()).toEqual([]);
  });

  it('is refused where there is no such Skill, where its files come from elsewhere, and in another form', async () => {
    const here = await place('elsewhere');
    await expect(here.push('pdf', await zipOf('pdf'))).rejects.toMatchObject({ reason: 'NotFound' });
    await here.skill('pdf', { source: { type: 'configMap', configMap: { name: 'c' } } });
    await expect(here.push('pdf', await zipOf('pdf'))).rejects.toMatchObject({ reason: 'BadRequest' });
    await here.skill('doc', { source: { type: 'git', git: { url: 'https://example.com/skills.git' } } });
    await expect(here.push('doc', await zipOf('doc'))).rejects.toMatchObject({ reason: 'BadRequest' });
    const path = '/apis/agent.wecode.io/v1alpha1/namespaces/elsewhere/skills/pdf/package';
    const json = world.transport.send({ method: 'PUT', path, body: {} });
    await expect(json).rejects.toMatchObject({ reason: 'UnsupportedMediaType' });
  });

  it('has the name of its content, whoever makes the object', async () => {
    await place('named');
    const spec = packageSpec(await packFiles([file('SKILL.md', skillText('pdf'))]));
    const made = world.client.create(SKILL_PACKAGES, {
      apiVersion: 'agent.wecode.io/v1alpha1',
      kind: 'SkillPackage',
      metadata: { namespace: 'named', name: skillPackageName(`sha256:${'a'.repeat(64)}`) },
      spec,
    });
    await expect(made).rejects.toMatchObject({ reason: 'Invalid' });
  });
});

describe('files that are in objects', () => {
  const configMap = (namespace: string, data: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { namespace, name: 'files' },
    data,
  });

  it('come from a ConfigMap, and follow it', async () => {
    const here = await place('config-map');
    const items = [
      { key: 'skill', path: 'SKILL.md' },
      { key: 'run', path: 'scripts/run.sh', executable: true },
    ];
    await here.skill('pdf', { source: { type: 'configMap', configMap: { name: 'files', items } } });
    await here.told('pdf', 'ConfigMapNotFound');
    await world.client.create(CONFIG_MAPS, configMap('config-map', { skill: skillText('pdf') }));
    await here.there(SKILLS, 'pdf', ({ status }) => status?.message?.includes('no key "run"') === true);
    await world.client.update(
      CONFIG_MAPS,
      configMap('config-map', { skill: skillText('pdf'), run: 'exit 0' }),
    );
    const { status } = await here.told('pdf', 'Packaged');
    const zip = await zipOf('pdf', file('scripts/run.sh', 'exit 0', true));
    expect(status).toMatchObject({ contentHash: contentHash(zip), files: 2, version: '1.0.1' });
    await world.client.update(CONFIG_MAPS, configMap('config-map', { skill: 'no front matter', run: '' }));
    expect((await here.told('pdf', 'InvalidPackage')).status?.message).toContain(
      'must begin with front matter',
    );
  });

  it('are made of a prompt, as in compatible manifests', async () => {
    const here = await place('prompt');
    await here.skill('pdf', { prompt: '# PDF\n---\nOpen it.', description: 'Reads: "PDF"\n---' });
    const { status } = await here.told('pdf', 'Packaged');
    expect(status?.skillDescription).toBe('Reads: "PDF"\n---');
    await here.skill('my.skill', { prompt: 'x' });
    expect((await here.told('my.skill', 'InvalidPackage')).status?.message).toContain('a-z, 0-9');
  });
});

describe('dependencies', () => {
  it('that are missing, not ready or in a circle are told, and mended', async () => {
    const here = await place('dependencies');
    const skill = (name: string, ...dependencies: string[]) =>
      here.skill(name, { prompt: 'x', dependencies });
    await skill('a', 'b');
    await here.told('a', 'DependencyNotFound');
    await here.skill('b', { dependencies: ['c'] });
    await here.told('a', 'DependencyNotReady');
    await skill('c', 'a');
    expect((await here.told('c', 'DependencyCycle')).status?.message).toContain('c -> a -> b -> c');
    await here.told('a', 'DependencyCycle');
    await here.push('b', await zipOf('b'));
    const body = { spec: { dependencies: null } };
    await world.client.patch(SKILLS, here.within('c'), { type: 'merge', body });
    for (const name of ['a', 'b', 'c']) await here.told(name, 'Packaged');
  });
});

describe('an agent with skills', () => {
  it('goes on with what its Task was started with; new Tasks get what is new', async () => {
    const here = await place('tasks');
    await here.skill('pdf', {
      dependencies: ['base'],
      checks: [{ name: 'c', when: 'after', command: ['true'] }],
    });
    await here.skill('base', { prompt: 'Base.' });
    await here.create.everything();
    const body = { spec: { skills: ['pdf'], preload_skills: ['pdf'] } };
    await world.client.patch(GHOSTS, here.within('ghost'), { type: 'merge', body });
    await here.there(
      GHOSTS,
      'ghost',
      ({ status }) => status?.message?.includes('"tasks/pdf" is not ready') === true,
    );
    const zips = [await zipOf('pdf'), await zipOf('pdf', file('more.md'))] as const;
    await here.push('pdf', zips[0]);
    await here.told('pdf', 'Packaged');
    await here.create.task('first');
    for (const name of ['pdf', 'base']) {
      const { status } = await here.there(SKILLS, name, (skill) => skill.status?.uses !== undefined);
      expect(status?.uses, 'counted at once the first time').toMatchObject({ tasks: 1 });
    }
    const skillsOf = async (task: string): Promise<unknown> => {
      const { status } = await here.there(TASKS, task, (one) => one.status?.revision !== undefined);
      const revision = await here.there(TASK_REVISIONS, status?.revision ?? '');
      return (revision.spec.nodes[0] as { agent?: { skills?: unknown } }).agent?.skills;
    };
    const base = { name: 'base', namespace: 'tasks', description: 'Does it.' };
    const pdf = {
      ...{ name: 'pdf', namespace: 'tasks', description: 'Does it.', preload: true },
      checks: [{ name: 'c', when: 'after', command: ['true'] }],
    };
    expect(await skillsOf('first')).toEqual([
      { ...pdf, contentHash: contentHash(zips[0]) },
      expect.objectContaining(base),
    ]);
    // A Task that is made right after an upload gets what was uploaded.
    await here.push('pdf', zips[1]);
    await here.create.task('second');
    expect(await skillsOf('second')).toEqual([
      { ...pdf, contentHash: contentHash(zips[1]) },
      expect.objectContaining(base),
    ]);
    expect(await here.kept()).toEqual(
      expect.arrayContaining(zips.map((zip) => skillPackageName(contentHash(zip)))),
    );
  });

  it('is told at its Bot when a skill is not for its Shell', async () => {
    const here = await place('shells');
    await here.skill('pdf', { prompt: 'x', bindShells: ['Chat'] });
    await here.create.everything();
    await world.client.patch(GHOSTS, here.within('ghost'), {
      type: 'merge',
      body: { spec: { skills: ['pdf'] } },
    });
    const message = 'spec.ghostRef: Skill "shells/pdf" works with Chat, not with ClaudeCode.';
    await here.there(BOTS, 'bot', ({ status }) => status?.message === message);
    await world.client.patch(SKILLS, here.within('pdf'), {
      type: 'merge',
      body: { spec: { bindShells: ['ClaudeCode'] } },
    });
    await here.there(BOTS, 'bot', ({ status }) => status?.state === 'Available');
  });
});

describe('ratings', () => {
  const rate = (method: 'PUT' | 'DELETE', body?: unknown): Promise<Skill> => {
    const path = '/apis/agent.wecode.io/v1alpha1/namespaces/rated/skills/pdf/rating';
    const request = { method, path, ...(body === undefined ? {} : { body: body as object }) };
    return world.transport.send(request).then(({ text }) => JSON.parse(text) as Skill);
  };

  it('are one of each user, who may change it and take it back', async () => {
    const here = await place('rated');
    await here.skill('pdf', { prompt: 'x' });
    await here.told('pdf', 'Packaged');
    await rate('PUT', { stars: 2, user: 'somebody-else' });
    const { status } = await rate('PUT', { stars: 4, comment: 'Good now.' });
    expect(status?.rating).toEqual({ average: '4.0', count: 1 });
    expect(status?.ratedBy).toEqual([
      { user: expect.any(String), stars: 4, comment: 'Good now.', ratedAt: expect.any(String) },
    ]);
    expect(status?.ratedBy?.[0]?.user).not.toBe('somebody-else');
    // Writes of the controller leave them alone.
    await world.client.patch(SKILLS, here.within('pdf'), { type: 'merge', body: { spec: { prompt: 'y' } } });
    const after = await here.there(SKILLS, 'pdf', (skill) => skill.status?.observedGeneration === 2);
    expect(after.status?.rating?.count).toBe(1);
    expect((await rate('DELETE')).status).not.toHaveProperty('ratedBy');
  });

  it.each([{}, { stars: 0 }, { stars: 6 }, { stars: 2.5 }, { stars: '5' }, { stars: 5, comment: 7 }])(
    'are refused when they are none: %o',
    async (body) => {
      await expect(rate('PUT', body)).rejects.toMatchObject({ reason: 'Invalid' });
    },
  );
});

describe('a package that nobody names', () => {
  it('is deleted when its hour is over; one that is named again stays', async () => {
    const here = await place('collected');
    const long = formatTime(systemClock.now() - 2 * KEEP_UNUSED_MS);
    const make = async (name: string): Promise<string> => {
      const made = await packFiles([file('SKILL.md', skillText(name))]);
      const metadata = { name: skillPackageName(made.contentHash), namespace: 'collected' };
      await world.client.create(SKILL_PACKAGES, {
        apiVersion: 'agent.wecode.io/v1alpha1',
        kind: 'SkillPackage',
        metadata: { ...metadata, annotations: { [UNUSED_SINCE]: long } },
        spec: packageSpec(made),
      });
      return metadata.name;
    };
    const gone = await make('gone');
    await here.until(SKILL_PACKAGES, gone, (object) => object === undefined);
    await here.skill('pdf');
    await here.push('pdf', await zipOf('pdf'));
    const name = skillPackageName(contentHash(await zipOf('pdf')));
    await here.told('pdf', 'Packaged');
    const body = { metadata: { annotations: { [UNUSED_SINCE]: long } } };
    await world.client.patch(SKILL_PACKAGES, here.within(name), { type: 'merge', body });
    await here.there(
      SKILL_PACKAGES,
      name,
      ({ metadata }) => metadata.annotations?.[UNUSED_SINCE] === undefined,
    );
  });
});
