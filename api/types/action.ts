import { visibleText } from '../machinery/visible-text.ts';
import type { SandboxAction, SandboxSpec } from './generated/sandbox.ts';

const MAX_LINE = 200;

/** The action as one line for people. It names no header, no body and no query: these may be private. */
export function actionLine(action: SandboxAction): string {
  const { script, http, mcp } = action;
  if (script !== undefined) return cut(script.command?.join(' ') ?? firstLine(script.run ?? ''));
  if (http !== undefined) return cut(`${http.method ?? 'GET'} ${http.url.replace(/[?#].*$/s, '')}`);
  return mcp === undefined ? '' : toolName(mcp);
}

/** The tool of an MCP server as permissions and logs name it. */
export const toolName = ({ serverName, tool }: { serverName: string; tool: string }): string =>
  `mcp__${serverName}__${tool}`;

function firstLine(text: string): string {
  const [first = '', ...others] = text.split('\n').filter((line) => line.trim() !== '');
  return others.length === 0 ? first : `${first} ...`;
}

function cut(line: string): string {
  const shown = visibleText(line.replaceAll('\n', ' '));
  return shown.length > MAX_LINE ? `${shown.slice(0, MAX_LINE - 3)}...` : shown;
}

/** The image that a run asks for, and the Secrets for its registry; empty where it takes the configured one. */
export function askedImage({ shell, action }: Pick<SandboxSpec, 'action' | 'shell'>): {
  image?: string;
  imagePullSecrets?: { name: string; namespace: string }[];
} {
  return action?.script ?? shell ?? {};
}

/** Whether the action starts programs, so that it needs a sandbox of its own: all others only talk. */
export function startsPrograms({ script, mcp }: SandboxAction): boolean {
  return script !== undefined || (mcp !== undefined && isProgram(mcp.server));
}

/** As the runner reads entries of mcpServers: what has no address is started. */
function isProgram(server: Record<string, unknown>): boolean {
  return [server['url'], server['base_url'], server['serverUrl']].every((url) => url === undefined);
}
