import { describe, expect, it } from 'vitest';
import type { RunSkill } from '#executor-manager/protocol/skill';
import type { RunSkillPlace } from './placed-skills.ts';
import { systemPromptWith } from './skill-prompt.ts';

const place = (name: string, more: Partial<RunSkill> = {}): RunSkillPlace => ({
  name,
  description: `Does\n${name}.`,
  folder: `/skills/${name}`,
  instructions: `How to ${name}.`,
  request: { name, hash: 'a', description: '', ...more },
});
const LISTED = { files: true, skills: 'listed' } as const;
const NATIVE = { files: true, skills: 'native' } as const;
const TALKS = { files: false, skills: 'listed' } as const;

describe('the system prompt of an agent with skills', () => {
  it('is that of the Ghost where there are none', () => {
    expect(systemPromptWith([], 'Be kind.', LISTED)).toBe('Be kind.');
    expect(systemPromptWith([], undefined, LISTED)).toBeUndefined();
    expect(systemPromptWith([place('a')], undefined, NATIVE)).toBeUndefined();
  });

  it('names each skill, for a program that does not look for them itself', () => {
    const prompt = systemPromptWith([place('a'), place('b', { parameters: { x: 1 } })], 'Be kind.', LISTED);
    expect(prompt?.split('\n\n')).toEqual([
      'Be kind.',
      expect.stringContaining('read its SKILL.md'),
      '- a: Does a. (/skills/a/SKILL.md)\n- b: Does b. (/skills/b/SKILL.md)',
      'Parameters of the skill b: {"x":1}',
    ]);
  });

  it('has parameters also where the program looks for skills itself', () => {
    expect(systemPromptWith([place('b', { parameters: { x: 1 } })], undefined, NATIVE)).toBe(
      'Parameters of the skill b: {"x":1}',
    );
  });

  it.each([
    ['a skill that is preloaded', place('a', { preload: true }), NATIVE, '# Skill a (files in /skills/a)'],
    ['every skill, for an agent without files', place('a'), TALKS, '# Skill a'],
  ])('holds the instructions of %s', (_reason, skill, capabilities, heading) => {
    expect(systemPromptWith([skill], undefined, capabilities)).toBe(`${heading}\n\nHow to a.`);
  });
});
