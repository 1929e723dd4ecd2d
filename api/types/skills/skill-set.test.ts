import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Ghost } from '../generated/ghost.ts';
import type { Skill } from '../generated/skill.ts';
import { dependencyCycle, skillsOf } from './skill-set.ts';
import type { FindSkill } from './skill-set.ts';

const skill = (name: string, dependencies: readonly string[], namespace = 'ns'): Skill => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'Skill',
  metadata: { name, namespace },
  spec: { description: 'd', dependencies: [...dependencies] },
});
const ghost = (skills: string[]): Ghost => ({
  apiVersion: 'agent.wecode.io/v1',
  kind: 'Ghost',
  metadata: { name: 'g', namespace: 'ns' },
  spec: { systemPrompt: '', skills },
});
const among =
  (skills: readonly Skill[]): FindSkill =>
  ({ namespace, name }) =>
    skills.find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const graphs = fc
  .tuple(...NAMES.map(() => fc.uniqueArray(fc.constantFrom(...NAMES), { maxLength: 3 })))
  .map((all) => all.map((dependencies, index) => skill(NAMES[index] ?? '', dependencies)));

/** All that can be reached, worked out in another way. */
function reached(skills: readonly Skill[], from: string): Set<string> {
  const dependencies = new Map(skills.map(({ metadata, spec }) => [metadata.name, spec.dependencies ?? []]));
  let found = new Set(dependencies.get(from));
  for (const _ of NAMES) {
    found = new Set([...found, ...[...found].flatMap((name) => dependencies.get(name) ?? [])]);
  }
  return found;
}

it('an agent has the skills of its Ghost and all that they need, each once, whatever circles there are', () => {
  fc.assert(
    fc.property(graphs, fc.constantFrom(...NAMES), (skills, name) => {
      const set = skillsOf(ghost([name]), among(skills));
      if ('problem' in set) expect.fail(set.message);
      const names = set.skills.map((chosen) => chosen.skill.metadata.name);
      expect(names[0]).toBe(name);
      expect(new Set(names).size).toBe(names.length);
      expect(new Set(names)).toEqual(new Set([name, ...reached(skills, name)]));
    }),
  );
});

it('a circle is told exactly where a skill needs itself', () => {
  fc.assert(
    fc.property(graphs, fc.constantFrom(...NAMES), (skills, name) => {
      const one = among(skills)({ namespace: 'ns', name }) ?? expect.fail();
      const cycle = dependencyCycle(one, among(skills));
      expect(cycle !== undefined).toBe(reached(skills, name).has(name));
      const path = cycle?.split(' -> ') ?? [];
      path.slice(1).forEach((next, index) => {
        const before = among(skills)({ namespace: 'ns', name: path[index] ?? '' });
        expect(before?.spec.dependencies).toContain(next);
      });
    }),
  );
});

it('a public skill needs public ones, not those of whoever uses it', () => {
  const skills = [skill('a', [], 'ns'), skill('a', [], 'system'), skill('b', ['a'], 'system')];
  const set = skillsOf(ghost(['b']), among(skills));
  expect('skills' in set && set.skills.map((one) => one.skill.metadata.namespace)).toEqual([
    'system',
    'system',
  ]);
});
