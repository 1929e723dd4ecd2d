import { checkParameters } from '#api/schema/parameters';
import { changeServerEntry } from '#api/types/credentials/server-credentials';
import type { Bot } from '#api/types/generated/bot';
import type { Ghost } from '#api/types/generated/ghost';
import type { Model } from '#api/types/generated/model';
import type {
  SandboxAgent,
  SandboxAgentSkill,
  SandboxModel,
  SandboxShell,
} from '#api/types/generated/sandbox';
import type { Shell } from '#api/types/generated/shell';
import type { TeamMember } from '#api/types/generated/team';
import { modelSettings } from '#api/types/models/model-config';
import { pullSecretsOf } from '#api/types/pull-secrets';
import type { ChosenSkill } from '#api/types/skills/skill-set';
import { SHELL_TYPES, requiresWorkspace, shellTypeOf } from '#api/types/shells/shell-types';
import type { RevisionMember } from '../revision/revision.ts';
import { placementOf } from './placement.ts';
import type { NamedServers } from './named-servers.ts';

/** The part of a member that its node gets; no credential. */
export interface PlannedMember extends RevisionMember {
  /** Whether its Shell demands a repository. */
  requiresWorkspace: boolean;
}

/** Everything a member is made of; all of it exists and is ready. */
export interface MemberParts {
  member: TeamMember;
  bot: Bot;
  ghost: Ghost;
  shell: Shell;
  /** What baseShellRef of the Shell names. */
  base: Shell | undefined;
  model: Model | undefined;
  /** Of the Ghost, with what they need. */
  skills: readonly ChosenSkill[];
  /** The servers that mcpServerRefs of the Ghost name. */
  mcpServers: NamedServers;
}

export function plannedMember(parts: MemberParts): PlannedMember {
  const { member, model, ghost } = parts;
  const shell = memberShell(parts);
  const limits = parts.shell.spec.limits ?? parts.base?.spec.limits;
  // The character of an agent says more about what it may do than the program that runs it.
  const permissions = ghost.spec.permissions ?? parts.shell.spec.permissions ?? parts.base?.spec.permissions;
  const required = requiresWorkspace(parts.shell.spec);
  const placement = placementOf(parts.base?.spec, parts.shell.spec);
  return {
    ...(member.prompt === undefined || member.prompt === '' ? {} : { prompt: member.prompt }),
    requiresWorkspace: required,
    usesWorkspace: required || SHELL_TYPES[shell.type].repository !== 'unused',
    shell,
    agent: memberAgent(parts),
    ...(model === undefined ? {} : { model: memberModel(model) }),
    ...(limits === undefined ? {} : { limits }),
    ...(permissions === undefined ? {} : { permissions }),
    ...(placement === undefined ? {} : { placement }),
    ...(member.outputSchema === undefined ? {} : { outputSchema: member.outputSchema }),
  };
}

function memberShell({ shell, base }: MemberParts): SandboxShell {
  const withImage = shell.spec.baseImage === undefined ? base : shell;
  const image = withImage?.spec.baseImage;
  const command = shell.spec.command ?? base?.spec.command;
  const env = shell.spec.env ?? base?.spec.env;
  const output = shell.spec.output ?? base?.spec.output;
  const options = shell.spec.options ?? base?.spec.options;
  return {
    // A Shell without a type is never ready, so the last choice is not reached.
    type: shellTypeOf(shell.spec) ?? 'ClaudeCode',
    ...(withImage === undefined || image === undefined || image === ''
      ? {}
      : { image, ...pullSecretsOf(withImage) }),
    ...(command === undefined ? {} : { command }),
    ...(env === undefined ? {} : { env }),
    ...(output === undefined ? {} : { output }),
    ...(options === undefined ? {} : { options }),
  };
}

function memberAgent({ bot, ghost, skills, mcpServers: named }: MemberParts): SandboxAgent {
  const { systemPrompt, mcpServers } = ghost.spec;
  return {
    botName: bot.metadata.name,
    ghostRef: nameOf(ghost),
    ...(systemPrompt === '' ? {} : { systemPrompt }),
    ...(mcpServers === undefined && Object.keys(named).length === 0
      ? {}
      : { mcpServers: { ...redactServers(mcpServers ?? {}), ...named } }),
    ...(skills.length === 0 ? {} : { skills: skills.map((chosen) => agentSkill(ghost, chosen)) }),
  };
}

/** A Skill with the content that the Task goes on with, whatever becomes of the Skill. */
function agentSkill(ghost: Ghost, { skill, pinned, preload }: ChosenSkill): SandboxAgentSkill {
  const { metadata, spec, status } = skill;
  const given = ghost.spec.skillParameters?.[metadata.name] ?? {};
  const { parametersSchema: schema, checks = [] } = spec;
  const parameters = schema === undefined ? given : checkParameters(schema, given, '').values;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    // A Skill that is ready has one.
    contentHash: pinned ?? status?.contentHash ?? '',
    description: status?.skillDescription ?? spec.description,
    ...(preload ? { preload } : {}),
    ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    ...(checks.length === 0 ? {} : { checks }),
  };
}

function memberModel(model: Model): SandboxModel {
  const { protocol, name, baseURL, maxOutputTokens, contextWindow, env } = modelSettings(model.spec);
  return {
    ref: nameOf(model),
    ...(protocol === undefined ? {} : { protocol }),
    ...(name === undefined ? {} : { name }),
    ...(baseURL === undefined ? {} : { baseURL: withoutQuery(baseURL) }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
  };
}

/** The executor manager calls the address that the Model has; a key in the query of this one would be seen by all. */
const withoutQuery = (address: string): string => address.replace(/[?#].*$/s, '');

/** MCP servers without what may be a credential. The executor manager puts it back from the Ghost. */
export function redactServers(
  servers: Record<string, Record<string, unknown>>,
): Record<string, Record<string, unknown>> {
  const redacted = Object.entries(servers).map(([name, server]) => {
    // Ours alone: nobody's Ghost says where an entry comes from.
    const given = Object.entries(server).filter(([field]) => field !== 'serverRef');
    const entry: Record<string, unknown> = Object.fromEntries(given);
    return [name, changeServerEntry(entry, { field: name, place: [name] }, () => '')] as const;
  });
  return Object.fromEntries(redacted);
}

function nameOf(object: Bot | Ghost | Model): { name: string; namespace?: string } {
  const { name, namespace } = object.metadata;
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}
