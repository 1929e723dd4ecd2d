/**
 * The items of Codex's app server that are told as events, as far as they are read here. `codex app-server generate-ts`
 * writes all of them.
 */
export type ThreadItem =
  | { type: 'userMessage'; id: string; content: { text?: string }[] }
  | { type: 'agentMessage'; id: string; text: string }
  | { type: 'reasoning'; id: string }
  | CommandItem
  | FileChangeItem
  | McpToolCallItem
  | { type: 'imageView'; id: string; path: string }
  | { type: 'contextCompaction'; id: string };

export interface CommandItem {
  type: 'commandExecution';
  id: string;
  /** As it is run: `/bin/bash -lc '…'`. */
  command: string;
  status: 'inProgress' | 'completed' | 'failed' | 'declined';
  aggregatedOutput?: string | null;
  exitCode?: number | null;
}

export interface FileChangeItem {
  type: 'fileChange';
  id: string;
  changes: { path: string; kind: { type: string }; diff: string }[];
  status: 'inProgress' | 'completed' | 'failed' | 'declined';
}

export interface McpToolCallItem {
  type: 'mcpToolCall';
  id: string;
  server: string;
  tool: string;
  arguments?: unknown;
  status: 'inProgress' | 'completed' | 'failed';
  result?: { content: { type?: string; text?: string }[] } | null;
  error?: { message: string } | null;
}

export interface ItemCall {
  name: string;
  input: Record<string, unknown>;
}

/**
 * The call that an item is, under the names that policies of all agents use: its shell is `Bash`, its patches are
 * `Edit`. Undefined for an item that is no call.
 */
export function callOf(item: ThreadItem): ItemCall | undefined {
  switch (item.type) {
    case 'commandExecution':
      return { name: 'Bash', input: { command: item.command } };
    case 'fileChange':
      return { name: 'Edit', input: { changes: changesOf(item) } };
    case 'mcpToolCall':
      return { name: `mcp__${item.server}__${item.tool}`, input: inputOf(item.arguments) };
    case 'imageView':
      return { name: 'Read', input: { file_path: item.path } };
    default:
      return undefined;
  }
}

export function changesOf({ changes }: FileChangeItem): Record<string, unknown>[] {
  return changes.map(({ path, kind, diff }) => ({ path, kind: kind.type, diff }));
}

function inputOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

export interface ItemResult {
  output: string;
  isError: boolean;
}

/** The outcome of a call; undefined for an item that is no call. */
export function resultOf(item: ThreadItem): ItemResult | undefined {
  switch (item.type) {
    case 'commandExecution':
      return commandResult(item);
    case 'fileChange': {
      const list = item.changes.map(({ path, kind }) => `${kind.type} ${path}`).join('\n');
      return {
        output: item.status === 'completed' ? list : item.status,
        isError: item.status !== 'completed',
      };
    }
    case 'mcpToolCall': {
      const texts = item.result?.content.map(({ type, text }) => text ?? `[${type ?? 'content'}]`) ?? [];
      return { output: item.error?.message ?? texts.join('\n'), isError: item.status !== 'completed' };
    }
    case 'imageView':
      return { output: '[image]', isError: false };
    default:
      return undefined;
  }
}

function commandResult({ status, aggregatedOutput, exitCode }: CommandItem): ItemResult {
  if (status === 'declined') return { output: 'The command was not allowed.', isError: true };
  const output = aggregatedOutput ?? '';
  if (typeof exitCode !== 'number' || exitCode === 0) return { output, isError: status === 'failed' };
  return { output: `${output}\n[exit code ${exitCode}]`.trimStart(), isError: true };
}
