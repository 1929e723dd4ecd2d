import type { RunRequest } from '#executor-manager/protocol/run';
import type { AdapterCapabilities, PlacedSkill } from '../adapters/adapter.ts';
import { placeSkills } from '../skills/placed-skills.ts';
import { runChecks } from '../skills/skill-checks.ts';
import type { SkillChecks } from '../skills/skill-checks.ts';
import { systemPromptWith } from '../skills/skill-prompt.ts';

export interface SkilledRun extends Omit<SkillChecks, 'skills'> {
  request: RunRequest;
  capabilities: AdapterCapabilities;
}

/**
 * Lets an agent work with the skills of its run: they are placed, told in the system prompt, and checked before and
 * after. Throws RunFailure: StartFailed for what does not hold before, AssertionFailed for what does not hold after.
 */
export async function withSkills<T>(
  run: SkilledRun,
  work: (request: RunRequest, skills: readonly PlacedSkill[]) => Promise<T>,
): Promise<T> {
  const { request, shelf, capabilities, signal } = run;
  const skills = await placeSkills(request.agent.skills ?? [], shelf);
  const checks = { ...run, skills };
  await runChecks('before', checks);
  const systemPrompt = systemPromptWith(skills, request.agent.systemPrompt, capabilities);
  const agent = { ...request.agent, ...(systemPrompt === undefined ? {} : { systemPrompt }) };
  const placed = skills.map(({ name, description, folder }) => ({ name, description, folder }));
  const result = await work({ ...request, agent }, placed);
  signal.throwIfAborted();
  await runChecks('after', checks);
  return result;
}
