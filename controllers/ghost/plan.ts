import type { NewCondition } from '#api/machinery/condition';
import type { Ghost } from '#api/types/generated/ghost';
import { GhostReason, ghostNotReady, ghostReady } from '#api/types/ghost';

/** Whether the Ghost can be used, and if not, which field is wrong. */
export function planGhost(ghost: Ghost): NewCondition {
  for (const [name, server] of Object.entries(ghost.spec.mcpServers ?? {})) {
    if (!isAddressed(server)) {
      return ghostNotReady(
        GhostReason.InvalidMCPServer,
        `spec.mcpServers.${name}: needs command (a program) or url (a server).`,
      );
    }
  }
  const skills = new Set(ghost.spec.skills ?? []);
  const unknown = (ghost.spec.preload_skills ?? []).find((skill) => !skills.has(skill));
  return unknown === undefined
    ? ghostReady()
    : ghostNotReady(
        GhostReason.UnknownPreloadSkill,
        `spec.preload_skills: "${unknown}" is not one of spec.skills.`,
      );
}

/** Compatible manifests also write base_url for url. */
function isAddressed(server: Record<string, unknown>): boolean {
  return ['command', 'url', 'base_url'].some((field) => {
    const value = server[field];
    return typeof value === 'string' && value !== '';
  });
}
