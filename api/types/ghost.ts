import type { NewCondition } from '../machinery/condition.ts';
import { newCondition, notReady, ready } from './ready.ts';

/** Reasons of a Ghost. */
export const GhostReason = {
  /** Ready=True: the Ghost can be used. */
  Valid: 'Valid',
  /** Ready=False: an entry of mcpServers has neither command nor url, or two servers have one name. */
  InvalidMCPServer: 'InvalidMCPServer',
  /** Ready=False: mcpServerRefs names an MCPServer that does not exist, and that the agent cannot do without. */
  MCPServerNotFound: 'MCPServerNotFound',
  /** Ready=False: preload_skills names a skill that is not in skills. */
  UnknownPreloadSkill: 'UnknownPreloadSkill',
  /** Ready=False: skills names a Skill that does not exist, or one that needs such a Skill. */
  SkillNotFound: 'SkillNotFound',
  /** Ready=False: a Skill exists but is not ready. */
  SkillNotReady: 'SkillNotReady',
  /** Ready=False: skill_refs pins a content that is not kept. */
  SkillVersionNotFound: 'SkillVersionNotFound',
  /** Ready=False: two Skills of one name meet, by the dependencies of a third. */
  SkillNameClash: 'SkillNameClash',
  /** Ready=False: skillParameters does not fit the schema of the Skill. */
  InvalidSkillParameters: 'InvalidSkillParameters',
} as const;

/** Beside Ready, for a Ghost with mcpServerRefs: whether all that it names are there. Agents start without the others. */
export const MCP_SERVERS_FOUND = 'MCPServersFound';

/** `missing` are the MCPServers that are not there. */
export function mcpServersFound(missing: readonly string[]): NewCondition {
  if (missing.length === 0) {
    const message = 'Every MCPServer of spec.mcpServerRefs is there.';
    return newCondition(MCP_SERVERS_FOUND, 'True', { reason: 'AllFound', message });
  }
  const message = `spec.mcpServerRefs: not found, so agents work without: ${missing.join(', ')}.`;
  return newCondition(MCP_SERVERS_FOUND, 'False', { reason: GhostReason.MCPServerNotFound, message });
}

/** Why a Ghost is not ready. */
export type GhostNotReadyReason = Exclude<(typeof GhostReason)[keyof typeof GhostReason], 'Valid'>;

export function ghostReady(): NewCondition {
  return ready(GhostReason.Valid, 'The Ghost can be used.');
}

/** Names the field or the missing object in `message`. */
export function ghostNotReady(reason: GhostNotReadyReason, message: string): NewCondition {
  return notReady(reason, message);
}
