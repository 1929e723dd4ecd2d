import { instructionsText } from '../../instructions/instructions-text.ts';
import type { AdapterContext, AgentRequest } from '../adapter.ts';
import { isTrusted, tellUnusedSettings } from '../repository-settings.ts';
import { mcpServers } from './mcp-configuration.ts';
import { cleanHome } from './program-home.ts';
import { skillPlugin } from './skill-plugin.ts';
import { TOOL_HOOKS } from './tool-permissions.ts';

/** How the program is started, and told what it needs. */
export interface Launch {
  args: string[];
  /** The first control request. It holds what is long or secret: arguments are limited, and seen by every process. */
  initialize: { subtype: 'initialize' } & Record<string, unknown>;
  /** Whether there are MCP servers to wait for. */
  servers: boolean;
}

/** Tools that want to go on after the run, or that put the agent into a mode that waits for a person. */
const NOT_OFFERED = [
  'CronCreate',
  'CronDelete',
  'CronList',
  'ScheduleWakeup',
  'EnterPlanMode',
  'ExitPlanMode',
];

/** The settings that the program would take from the folder that it works in. */
const SETTINGS = [
  '.claude/settings.json',
  '.claude/settings.local.json',
  '.claude/agents',
  '.claude/commands',
  '.claude/skills',
  '.mcp.json',
];

/** Makes the program's HOME and what it is told. Throws the system's error. */
export async function prepareLaunch(request: AgentRequest, context: AdapterContext): Promise<Launch> {
  const { home, permissions, toolServers } = context;
  const trusted = isTrusted(request);
  await cleanHome(home);
  await tellUnusedSettings(request, context, SETTINGS);
  return {
    args: [...launchArguments(request, { trusted, asks: permissions.asks }), ...(await skillPlugin(context))],
    servers: toolServers.length > 0,
    initialize: {
      subtype: 'initialize',
      mcpServers: mcpServers(toolServers),
      appendSystemPrompt: await systemPrompt(request, context),
      // A run that goes on with a session follows the Ghost as it is now.
      systemPromptSnapshot: false,
      forwardSubagentText: true,
      ...(permissions.asks ? { hooks: TOOL_HOOKS } : {}),
      ...(request.output === undefined ? {} : { jsonSchema: request.output.schema }),
    },
  };
}

interface Trust {
  /** Whether settings that the repository brings take effect. */
  trusted: boolean;
  /** Whether there is a policy for tools. */
  asks: boolean;
}

export function launchArguments(request: AgentRequest, { trusted, asks }: Trust): string[] {
  const { limits, session, shell } = request;
  const fallback = shell.options?.['fallbackModel'];
  return [
    ...['-p', '--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose'],
    ...['--include-partial-messages', '--await-initialize'],
    `--disallowedTools=${NOT_OFFERED.join(',')}`,
    // Not even those of HOME, where an agent can write: Ghost, Shell and Model decide.
    `--setting-sources=${trusted ? 'project,local' : ''}`,
    ...(trusted ? ['--settings', '{"enableAllProjectMcpServers":true}'] : ['--strict-mcp-config']),
    ...(asks
      ? ['--permission-mode', 'default', '--permission-prompt-tool', 'stdio']
      : ['--permission-mode', 'bypassPermissions']),
    ...(session === undefined ? [] : [`--resume=${session.id}`]),
    ...(session?.fork === true ? ['--fork-session'] : []),
    ...(limits?.turns === undefined ? [] : [`--max-turns=${limits.turns}`]),
    ...(typeof fallback === 'string' ? [`--fallback-model=${fallback}`] : []),
  ];
}

/** The Ghost's words, then the repository's. In a trusted Workspace the program reads these itself. */
async function systemPrompt(request: AgentRequest, context: AdapterContext): Promise<string> {
  const own = request.agent.systemPrompt?.trim() ?? '';
  const instructions = isTrusted(request) ? undefined : await instructionsText(context);
  return [own, instructions].filter((text) => text !== undefined && text !== '').join('\n\n');
}
