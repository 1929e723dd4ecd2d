import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findCondition } from '#api/machinery/condition';
import type { Sandbox, SandboxStatus } from '#api/types/generated/sandbox';
import type { Skill, SkillSpec } from '#api/types/generated/skill';
import { CHECK_REQUESTED_AT } from '#api/types/probe';
import { NAMESPACES, SANDBOXES, SECRETS, SKILL_PACKAGES, SKILLS } from '#api/types/resources';
import { skillPackageName } from '#api/types/skills/skill';
import { file } from '#skill-packages/made-up';
import { packageSpec } from '#skill-packages/package-spec';
import { packFiles } from '#skill-packages/skill-package';
import { play } from './play.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

const URL = 'https://git.example/skills.git';
const COMMIT = 'c'.repeat(40);

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.startControllers();
});
afterAll(() => world[Symbol.asyncDispose]());

const ready = ({ status }: Skill) => findCondition(status?.conditions, 'Ready');
const fetched = ({ status }: Skill) => findCondition(status?.conditions, 'Fetched');

/** A namespace with one Skill; the test plays the executor manager. */
async function place(namespace: string, source: SkillSpec['source']) {
  const { client } = world;
  await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const actor = play(client, namespace);
  await client.create(SKILLS, {
    ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'Skill' },
    ...{ metadata: { name: 'pdf', namespace }, spec: { description: 'Reads.', ...(source && { source }) } },
  });
  const seen = new Set<string>();
  return {
    ...actor,
    told: (holds: (skill: Skill) => boolean): Promise<Skill> =>
      actor.there(SKILLS, 'pdf', (skill) => skill.status !== undefined && holds(skill)),
    change: (write: (skill: Skill) => Skill): Promise<void> =>
      actor.change(SKILLS, actor.within('pdf'), (skill) => client.update(SKILLS, write(skill))),
    /** The next check that was not seen yet. */
    async check(): Promise<Sandbox> {
      const isNew = ({ metadata }: Sandbox): boolean => !seen.has(metadata.uid ?? '');
      await expect.poll(async () => (await actor.sandboxes()).filter(isNew).length).toBe(1);
      const found = (await actor.sandboxes()).find(isNew);
      if (found === undefined) throw new Error('there is no check');
      seen.add(found.metadata.uid ?? '');
      return found;
    },
    end: (sandbox: Sandbox, probeResult: SandboxStatus['probeResult']): Promise<void> =>
      actor.change(SANDBOXES, actor.within(sandbox.metadata.name), (object) =>
        client.updateStatus(SANDBOXES, {
          ...object,
          status: { ...object.status, phase: 'Succeeded', ...(probeResult && { probeResult }) },
        }),
      ),
    /** The report of an executor manager that has fetched a skill with this text and made its package. */
    async fetchedResult(text: string): Promise<NonNullable<SandboxStatus['probeResult']>> {
      const skill = `---\nname: pdf\ndescription: Reads PDF.\n---\n${text}\n`;
      const made = await packFiles([file('SKILL.md', skill)]);
      const { contentHash } = made;
      await client.create(SKILL_PACKAGES, {
        ...{ apiVersion: 'agent.wecode.io/v1alpha1', kind: 'SkillPackage' },
        ...{ metadata: { namespace, name: skillPackageName(contentHash) }, spec: packageSpec(made) },
      });
      const found = { commit: COMMIT, contentHash, description: 'Reads PDF.', files: 1 };
      return { ok: true, message: 'Fetched.', skill: found };
    },
  };
}

describe('a Skill from a repository', () => {
  it('is fetched in a sandbox, and again when somebody asks', async () => {
    const here = await place('git-fetch', { type: 'git', git: { url: URL, path: 'pdf' } });
    const waiting = await here.told((skill) => fetched(skill)?.status === 'Unknown');
    expect(ready(waiting)).toMatchObject({ status: 'False', reason: 'NoPackage' });
    const sandbox = await here.check();
    expect(sandbox.spec.probe).toEqual({ skill: { name: 'pdf', gitUrl: URL, path: 'pdf' } });
    const first = await here.fetchedResult('one');
    await here.end(sandbox, first);
    const { status } = await here.told((skill) => ready(skill)?.status === 'True');
    expect(status).toMatchObject({
      ...{ contentHash: first.skill?.contentHash, skillDescription: 'Reads PDF.', files: 1 },
      git: { url: URL, path: 'pdf', commit: COMMIT, contentHash: first.skill?.contentHash },
      gitCheck: { nextCheckAt: expect.any(String) },
    });
    await here.until(SANDBOXES, sandbox.metadata.name, (object) => object === undefined);

    await here.change((skill) => ({
      ...skill,
      metadata: { ...skill.metadata, annotations: { [CHECK_REQUESTED_AT]: 'now' } },
    }));
    await here.end(await here.check(), { ok: false, message: 'The server is away.' });
    const after = await here.told((skill) => fetched(skill)?.status === 'False');
    expect(fetched(after)?.message).toBe('The server is away.');
    expect(ready(after)?.status, 'what was fetched can be used').toBe('True');
  });

  it('is not looked at again when its ref is a commit', async () => {
    const here = await place('git-commit', { type: 'git', git: { url: URL, ref: COMMIT } });
    await here.end(await here.check(), await here.fetchedResult('one'));
    const { status } = await here.told((skill) => ready(skill)?.status === 'True');
    expect(status?.gitCheck).not.toHaveProperty('nextCheckAt');
  });

  it('takes nothing from another place than its spec names', async () => {
    const here = await place('git-move', { type: 'git', repo_url: URL, skill_path: 'old' });
    await here.end(await here.check(), await here.fetchedResult('one'));
    await here.told((skill) => ready(skill)?.status === 'True');
    await here.change((skill) => ({
      ...skill,
      spec: { ...skill.spec, source: { type: 'git', git: { url: URL, path: 'new' } } },
    }));
    const moved = await here.told((skill) => ready(skill)?.status === 'False');
    expect(moved.status).not.toHaveProperty('contentHash');
    await here.end(await here.check(), await here.fetchedResult('two'));
    await here.told((skill) => ready(skill)?.status === 'True');
  });

  it('is fetched once more when its package is gone', async () => {
    const here = await place('git-lost', { type: 'git', git: { url: URL } });
    const result = await here.fetchedResult('one');
    await here.end(await here.check(), result);
    await here.told((skill) => ready(skill)?.status === 'True');
    const name = skillPackageName(result.skill?.contentHash ?? '');
    await world.client.delete(SKILL_PACKAGES, { namespace: 'git-lost', name });
    await here.end(await here.check(), await here.fetchedResult('one'));
    await here.told((skill) => ready(skill)?.status === 'True');
  });

  it.each<[string, NonNullable<SkillSpec['source']>['git'], string, RegExp]>([
    [
      'address',
      { url: 'ext::sh' },
      'InvalidSource',
      /^spec\.source\.git\.url: "ext::sh" must not name a remote/,
    ],
    [
      'credential',
      { url: 'https://u:p@h/a' },
      'InvalidSource',
      /^spec\.source\.git\.url: must not hold a cred/,
    ],
    ['ref', { url: URL, ref: '--all' }, 'InvalidSource', /^spec\.source\.git\.ref: "--all" must not begin/],
    ['path', { url: URL, path: '../x' }, 'InvalidSource', /^spec\.source\.git\.path: "\.\.\/x" must not/],
    ['secret', { url: URL, secretRef: { name: 's' } }, 'SecretNotFound', /Secret ".*\/s" not found\.$/],
  ])('is told what is wrong: %s', async (which, git, reason, message) => {
    const here = await place(`git-bad-${which}`, { type: 'git', ...(git && { git }) });
    const skill = await here.told((one) => ready(one)?.reason === 'NotFetched');
    expect(fetched(skill)).toMatchObject({
      status: 'False',
      reason,
      message: expect.stringMatching(message),
    });
    expect(await here.sandboxes(), 'nothing is tried').toEqual([]);
  });

  it('waits for its Secret, and follows it', async () => {
    const here = await place('git-secret', { type: 'git', git: { url: URL, secretRef: { name: 's' } } });
    await here.told((skill) => fetched(skill)?.reason === 'SecretNotFound');
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'git-secret' } };
    await world.client.create(SECRETS, { ...secret, data: { username: 'Ym9i' } });
    await here.told((skill) => fetched(skill)?.reason === 'SecretKeyMissing');
    await world.client.update(SECRETS, { ...secret, data: { password: 'cGFzcw==' } });
    const sandbox = await here.check();
    expect(sandbox.spec.probe?.skill).toMatchObject({ secretName: 's' });
    expect(JSON.stringify(sandbox)).not.toContain('cGFzcw');
  });
});
