import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunSkill } from '#executor-manager/protocol/skill';
import { splitFrontMatter } from '#skill-packages/front-matter';
import { SKILL_FILE } from '#skill-packages/package-file';
import type { PlacedSkill } from '../adapters/adapter.ts';
import { RunFailure } from '../run-failure.ts';
import type { SkillShelf } from './skill-shelf.ts';

/** A skill of a run, with what the engine itself needs of it. */
export interface RunSkillPlace extends PlacedSkill {
  request: RunSkill;
  /** The instructions: SKILL.md without its front matter. */
  instructions: string;
}

/** Finds the skills of a run on the shelf. Throws RunFailure StartFailed for one that was not put. */
export async function placeSkills(
  skills: readonly RunSkill[],
  shelf: SkillShelf | undefined,
): Promise<RunSkillPlace[]> {
  const placed: RunSkillPlace[] = [];
  for (const request of skills) {
    const { name, description } = request;
    if (shelf === undefined || !shelf.has(request))
      throw new RunFailure('StartFailed', `the package of the skill ${name} was not put`);
    const folder = shelf.folderOf(request);
    const text = await readFile(path.join(folder, SKILL_FILE), 'utf8');
    placed.push({ name, description, folder, request, instructions: splitFrontMatter(text)?.body ?? text });
  }
  return placed;
}
