import type { RunRequest, ShellType } from '#executor-manager/protocol/run';
import { RunFailure } from '../run-failure.ts';
import type { AgentAdapter } from './adapter.ts';
import { actionAdapter } from './action/action-adapter.ts';
import { acpAdapter } from './acp/acp-adapter.ts';
import { agnoAdapter } from './agno/agno-adapter.ts';
import { chatAdapter } from './chat/chat-adapter.ts';
import { commandAdapter } from './command/command-adapter.ts';
import { difyAdapter } from './dify/dify-adapter.ts';
import { claudeCodeAdapter } from './claude-code/claude-code-adapter.ts';
import { codexAdapter } from './codex/codex-adapter.ts';

const ADAPTERS: Partial<Record<ShellType, () => AgentAdapter>> = {
  ACP: acpAdapter,
  Agno: agnoAdapter,
  Chat: chatAdapter,
  ClaudeCode: claudeCodeAdapter,
  Codex: codexAdapter,
  Dify: difyAdapter,
  Command: commandAdapter,
};

/** Does the work of a run: an agent, or an action. Throws as adapterFor. */
export function adapterOf(request: RunRequest): AgentAdapter {
  const { type } = request.shell;
  return type === 'Action' ? actionAdapter(request) : adapterFor(type);
}

/** Throws RunFailure StartFailed for a shell type that this image has no adapter for. */
export function adapterFor(type: ShellType): AgentAdapter {
  const create = ADAPTERS[type];
  if (create !== undefined) return create();
  const supported = Object.keys(ADAPTERS).sort().join(', ');
  throw new RunFailure('StartFailed', `shellType "${type}" is not supported; supported: ${supported}`);
}
