import { access } from 'node:fs/promises';
import path from 'node:path';
import type { AdapterContext, AgentRequest } from './adapter.ts';

/**
 * Whether settings, hooks, MCP servers and permissions that the repository brings take effect: its Workspace is trusted.
 * Otherwise they are input like all other files, and the program of each adapter is started so that it does not heed them.
 */
export function isTrusted({ repository }: Pick<AgentRequest, 'repository'>): boolean {
  return repository?.trusted === true;
}

/** Tells the log which of `names`, relative to the folder that the agent works in, are there and take no effect. */
export async function tellUnusedSettings(
  request: AgentRequest,
  { folder, events }: Pick<AdapterContext, 'folder' | 'events'>,
  names: readonly string[],
): Promise<void> {
  if (isTrusted(request)) return;
  const found = await Promise.all(names.map((name) => exists(path.join(folder, name))));
  const there = names.filter((_, index) => found[index]);
  if (there.length === 0) return;
  const text = `Settings that the repository brings take no effect, since its Workspace is not trusted: ${there.join(', ')}`;
  events.emit('log', { stream: 'agent', text });
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
