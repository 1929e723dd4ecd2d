import type { Ghost, GhostSpec } from '../generated/ghost.ts';
import type { Skill } from '../generated/skill.ts';
import { PUBLIC_NAMESPACE } from '../shells/shell.ts';

/** A Skill by its place; undefined when there is none. */
export type FindSkill = (place: SkillPlace) => Skill | undefined;

export interface SkillPlace {
  namespace: string;
  name: string;
}

/** One skill of an agent. */
export interface ChosenSkill {
  skill: Skill;
  /** The content that was asked for; absent: the newest one. */
  pinned?: string;
  /** Whether its instructions are part of the system prompt. */
  preload: boolean;
}

export type SkillSet =
  | { skills: readonly ChosenSkill[] }
  /** A sentence that names the field; `clash` when two Skills of one name meet. */
  | { problem: 'missing' | 'clash'; message: string };

/** The Skill that a bare name means: that of the namespace, else the public one. */
export function findByName({ namespace, name }: SkillPlace, find: FindSkill): Skill | undefined {
  return find({ namespace, name }) ?? find({ namespace: PUBLIC_NAMESPACE, name });
}

/**
 * All skills that the agents of a Ghost have: those that it names, in this order, then what they depend on. Cycles end
 * where they meet themselves. Pure.
 */
export function skillsOf(ghost: Ghost, find: FindSkill): SkillSet {
  const namespace = ghost.metadata.namespace ?? '';
  const { spec } = ghost;
  const chosen = new Map<string, ChosenSkill>();
  for (const name of new Set(spec.skills ?? [])) {
    const reference = referenceTo(spec, name);
    const skill =
      reference === undefined
        ? findByName({ namespace, name }, find)
        : find({ namespace: namespaceOf(reference), name });
    if (skill === undefined) {
      const shown = `${reference === undefined ? namespace : namespaceOf(reference)}/${name}`;
      return { problem: 'missing', message: `spec.skills: Skill "${shown}" not found.` };
    }
    const pinned = reference?.content_hash;
    const preload = spec.preload_skills?.includes(name) === true;
    chosen.set(name, { skill, preload, ...(pinned === undefined || pinned === '' ? {} : { pinned }) });
  }
  // A Map goes on with what is added while it is walked.
  for (const { skill } of chosen.values()) {
    for (const name of skill.spec.dependencies ?? []) {
      const found = findByName({ namespace: skill.metadata.namespace ?? '', name }, find);
      if (found === undefined) {
        const message = `spec.skills: Skill "${placeOf(skill)}" needs the Skill "${name}", which is not found.`;
        return { problem: 'missing', message };
      }
      const known = chosen.get(name)?.skill;
      if (known === undefined) chosen.set(name, { skill: found, preload: false });
      else if (placeOf(known) !== placeOf(found)) {
        const message = `spec.skills: "${placeOf(known)}" and "${placeOf(found)}", which "${placeOf(skill)}" needs, have one name.`;
        return { problem: 'clash', message };
      }
    }
  }
  return { skills: [...chosen.values()] };
}

type Reference = NonNullable<GhostSpec['skill_refs']>[string];

function referenceTo({ skill_refs: references = {} }: GhostSpec, name: string): Reference | undefined {
  return Object.hasOwn(references, name) ? references[name] : undefined;
}

const namespaceOf = ({ is_public: isPublic, namespace }: Reference): string =>
  isPublic === true ? PUBLIC_NAMESPACE : (namespace ?? 'default');

/** `namespace/name`. */
export const placeOf = ({ metadata }: Skill): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** The names along which a Skill needs itself, such as `a -> b -> a`; undefined when it does not. Pure. */
export function dependencyCycle(skill: Skill, find: FindSkill): string | undefined {
  const start = placeOf(skill);
  const seen = new Set<string>();
  const paths: { skill: Skill; path: string[] }[] = [{ skill, path: [skill.metadata.name] }];
  for (const { skill: one, path } of paths) {
    for (const name of one.spec.dependencies ?? []) {
      const found = findByName({ namespace: one.metadata.namespace ?? '', name }, find);
      if (found === undefined) continue;
      if (placeOf(found) === start) return [...path, name].join(' -> ');
      if (seen.has(placeOf(found))) continue;
      seen.add(placeOf(found));
      paths.push({ skill: found, path: [...path, name] });
    }
  }
  return undefined;
}
