import type { ShellType } from '#executor-manager/protocol/run';
import { RunFailure } from '../run-failure.ts';
import type { AgentAdapter } from './adapter.ts';
import { chatAdapter } from './chat/chat-adapter.ts';
import { claudeCodeAdapter } from './claude-code/claude-code-adapter.ts';

/** Throws RunFailure StartFailed for a shell type this image has no program for. */
export function adapterFor(type: ShellType): AgentAdapter {
  switch (type) {
    case 'ClaudeCode':
      return claudeCodeAdapter();
    case 'Chat':
      return chatAdapter();
    case 'Agno':
    case 'Dify':
    case 'Codex':
      throw new RunFailure('StartFailed', `shell type ${type} is not in this image yet`);
  }
}
