import { isConditionTrue } from '#api/machinery/condition';
import type { NewCondition } from '#api/machinery/condition';
import type { JsonObject } from '#api/machinery/json/json';
import { checkParameters } from '#api/schema/parameters';
import type { Ghost } from '#api/types/generated/ghost';
import { GhostReason, ghostNotReady, ghostReady, mcpServersFound } from '#api/types/ghost';
import { referredServers } from '#api/types/mcp-server';
import type { ServerReference } from '#api/types/mcp-server';
import { isContentHash, skillPackageName } from '#api/types/skills/skill';
import { placeOf, skillsOf } from '#api/types/skills/skill-set';
import type { ChosenSkill, FindSkill, SkillPlace } from '#api/types/skills/skill-set';

/** The objects that a Ghost refers to. */
export interface GhostParts {
  skill: FindSkill;
  /** Whether there is such a SkillPackage. */
  hasPackage(place: SkillPlace): boolean;
  hasServer(place: ServerReference): boolean;
}

/** Whether the Ghost can be used, and if not, which field is wrong. */
export function planGhost(ghost: Ghost, parts: GhostParts): NewCondition {
  return (
    serverProblem(ghost) ??
    referenceProblem(ghost, parts) ??
    preloadProblem(ghost) ??
    skillProblem(ghost, parts) ??
    ghostReady()
  );
}

function serverProblem({ spec }: Ghost): NewCondition | undefined {
  for (const [name, server] of Object.entries(spec.mcpServers ?? {})) {
    if (!isAddressed(server)) {
      return ghostNotReady(
        GhostReason.InvalidMCPServer,
        `spec.mcpServers.${name}: needs command (a program) or url (a server).`,
      );
    }
  }
  return undefined;
}

/** Whether all MCPServers that the Ghost refers to are there; undefined for one that refers to none. */
export function serversFound(ghost: Ghost, parts: GhostParts): NewCondition | undefined {
  const referred = referredServers(ghost, ghost.metadata.namespace ?? '');
  if (referred.length === 0) return undefined;
  return mcpServersFound(
    referred.filter(({ place }) => !parts.hasServer(place)).map(({ place }) => placeText(place)),
  );
}

const placeText = ({ namespace, name }: ServerReference): string => `"${namespace}/${name}"`;

function referenceProblem(ghost: Ghost, parts: GhostParts): NewCondition | undefined {
  const taken = new Set(Object.keys(ghost.spec.mcpServers ?? {}));
  for (const { place, alias, required } of referredServers(ghost, ghost.metadata.namespace ?? '')) {
    if (taken.has(alias)) {
      const message = `spec.mcpServerRefs: two of the MCP servers are called "${alias}"; give one an alias.`;
      return ghostNotReady(GhostReason.InvalidMCPServer, message);
    }
    taken.add(alias);
    if (required && !parts.hasServer(place)) {
      const message = `spec.mcpServerRefs: MCPServer ${placeText(place)} not found.`;
      return ghostNotReady(GhostReason.MCPServerNotFound, message);
    }
  }
  return undefined;
}

/** Compatible manifests also write base_url for url. */
function isAddressed(server: Record<string, unknown>): boolean {
  return ['command', 'url', 'base_url'].some((field) => {
    const value = server[field];
    return typeof value === 'string' && value !== '';
  });
}

function preloadProblem({ spec }: Ghost): NewCondition | undefined {
  const skills = new Set(spec.skills ?? []);
  const unknown = (spec.preload_skills ?? []).find((skill) => !skills.has(skill));
  return unknown === undefined
    ? undefined
    : ghostNotReady(
        GhostReason.UnknownPreloadSkill,
        `spec.preload_skills: "${unknown}" is not one of spec.skills.`,
      );
}

function skillProblem(ghost: Ghost, parts: GhostParts): NewCondition | undefined {
  const set = skillsOf(ghost, parts.skill);
  if ('problem' in set) {
    const reason = set.problem === 'missing' ? GhostReason.SkillNotFound : GhostReason.SkillNameClash;
    return ghostNotReady(reason, set.message);
  }
  for (const chosen of set.skills) {
    const problem = readiness(chosen) ?? pinProblem(chosen, parts) ?? parameterProblem(ghost, chosen);
    if (problem !== undefined) return problem;
  }
  return unusedParameters(ghost, set.skills);
}

/** Not asked for the newest generation: else a Ghost would flap with each edit of a Skill. */
function readiness({ skill }: ChosenSkill): NewCondition | undefined {
  if (isConditionTrue(skill.status?.conditions, 'Ready')) return undefined;
  const why = skill.status?.message;
  const shown = why === undefined ? '' : `: ${why.replace(/\.$/, '')}`;
  return ghostNotReady(
    GhostReason.SkillNotReady,
    `spec.skills: Skill "${placeOf(skill)}" is not ready${shown}.`,
  );
}

function pinProblem({ skill, pinned }: ChosenSkill, { hasPackage }: GhostParts): NewCondition | undefined {
  if (pinned === undefined) return undefined;
  const { name, namespace = '' } = skill.metadata;
  if (isContentHash(pinned) && hasPackage({ namespace, name: skillPackageName(pinned) })) return undefined;
  return ghostNotReady(
    GhostReason.SkillVersionNotFound,
    `spec.skill_refs.${name}.content_hash: Skill "${placeOf(skill)}" has no content ${pinned} that is still kept.`,
  );
}

function parameterProblem(ghost: Ghost, { skill }: ChosenSkill): NewCondition | undefined {
  const { name } = skill.metadata;
  const given = parametersOf(ghost, name);
  const at = `spec.skillParameters.${name}`;
  const { parametersSchema } = skill.spec;
  if (parametersSchema === undefined) {
    return given === undefined
      ? undefined
      : ghostNotReady(GhostReason.InvalidSkillParameters, `${at}: the Skill has no parameters.`);
  }
  const [cause] = checkParameters(parametersSchema, given ?? {}, at).causes;
  if (cause === undefined) return undefined;
  return ghostNotReady(GhostReason.InvalidSkillParameters, `${cause.field ?? at}: ${cause.message}.`);
}

function parametersOf({ spec }: Ghost, name: string): JsonObject | undefined {
  const all = spec.skillParameters ?? {};
  return Object.hasOwn(all, name) ? all[name] : undefined;
}

function unusedParameters({ spec }: Ghost, skills: readonly ChosenSkill[]): NewCondition | undefined {
  const names = new Set(skills.map(({ skill }) => skill.metadata.name));
  const unused = Object.keys(spec.skillParameters ?? {}).find((name) => !names.has(name));
  return unused === undefined
    ? undefined
    : ghostNotReady(
        GhostReason.InvalidSkillParameters,
        `spec.skillParameters.${unused}: the Ghost has no such skill.`,
      );
}
