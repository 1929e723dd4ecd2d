import path from 'node:path';
import { SKILL_FILE } from '#skill-packages/package-file';
import type { AdapterCapabilities } from '../adapters/adapter.ts';
import type { RunSkillPlace } from './placed-skills.ts';

/**
 * The system prompt of an agent with skills: what the Ghost says, then what is to be known of each skill. Of most skills
 * that is name, description and path, so that the agent reads on only where it needs to (progressive disclosure); of
 * those that are preloaded, and for agents without files, the instructions themselves. Pure.
 */
export function systemPromptWith(
  skills: readonly RunSkillPlace[],
  systemPrompt: string | undefined,
  { files, skills: finds }: Pick<AdapterCapabilities, 'files' | 'skills'>,
): string | undefined {
  const told = skills.filter(({ request }) => request.preload === true || !files);
  const listed = finds === 'native' ? [] : skills.filter((skill) => !told.includes(skill));
  const given = skills.filter((skill) => skill.request.parameters !== undefined && !told.includes(skill));
  const parts = [
    ...(systemPrompt === undefined || systemPrompt.trim() === '' ? [] : [systemPrompt]),
    ...(listed.length === 0 ? [] : [LISTED, listed.map(listItem).join('\n')]),
    ...told.map((skill) => instructionsOf(skill, files)),
    ...given.map(parametersOf),
  ];
  return parts.length === 0 ? undefined : parts.join('\n\n');
}

const LISTED =
  'You have the skills below. Before you do something that a skill is for, read its SKILL.md and follow it; paths in it are relative to its folder.';

const listItem = ({ name, description, folder }: RunSkillPlace): string =>
  `- ${name}: ${oneLine(description)} (${path.join(folder, SKILL_FILE)})`;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

function instructionsOf(skill: RunSkillPlace, files: boolean): string {
  const { name, folder, instructions, request } = skill;
  const heading = `# Skill ${name}${files ? ` (files in ${folder})` : ''}`;
  const parameters = request.parameters === undefined ? [] : [parametersOf(skill)];
  return [heading, instructions, ...parameters].join('\n\n');
}

const parametersOf = ({ name, request }: RunSkillPlace): string =>
  `Parameters of the skill ${name}: ${JSON.stringify(request.parameters)}`;
