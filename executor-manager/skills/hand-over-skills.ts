import type { RunSpec } from '#api/types/sandboxes/sandbox';
import { retryUntilDone } from '../retry.ts';
import type { RetryOptions } from '../retry.ts';
import type { RunnerClient } from '../run/runner-client.ts';
import { hexOf } from './skill-store.ts';
import type { SkillStore } from './skill-store.ts';

export interface SkillHandOver extends Omit<RetryOptions, 'what'> {
  skills: Pick<SkillStore, 'read'>;
  runner: Pick<RunnerClient, 'putSkill'>;
}

/**
 * Gives a runtime the packages of the skills that its run has, one at a time: each may have megabytes.
 * @throws StatusError NotFound for a package that is no longer kept, BadRequest for one that the runner refuses; the
 * signal's reason
 */
export async function handOverSkills({ agent }: RunSpec, options: SkillHandOver): Promise<void> {
  const { skills, runner, signal } = options;
  for (const { name, namespace, contentHash } of agent?.skills ?? []) {
    const read = () => skills.read({ name, namespace, contentHash });
    const zip = await retryUntilDone(read, { ...options, what: 'read a skill' });
    const put = () => runner.putSkill({ name, hash: hexOf(contentHash), zip, signal });
    await retryUntilDone(put, { ...options, what: 'hand a skill over' });
  }
}
