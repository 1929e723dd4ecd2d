import type { RunImage } from '#executor-manager/protocol/run';
import type { AgentModel } from '../adapter.ts';
import type { AgnoTeam } from '#shell-options/agno-options';

/** The first line that the bridge reads. bridge.py is the other side of these types. */
export interface BridgeRequest {
  agent: { name: string; systemPrompt?: string };
  model: Pick<AgentModel, 'protocol' | 'name' | 'baseURL' | 'apiKey' | 'maxOutputTokens'> & {
    timeoutSeconds: number;
    retries: number;
  };
  /** Absent for a single agent. */
  team?: AgnoTeam;
  prompt: string;
  images: readonly RunImage[];
  servers: readonly { name: string; url: string; token: string }[];
  /** Where the agent works. */
  folder: string;
  /** The file of its sessions and memories. */
  database: string;
  sessionId: string;
  /** Whether to go on in a copy of the session. */
  fork: boolean;
  /** How many earlier turns of the session the model is told. */
  historyRuns: number;
  memory: boolean;
  /** Whether the agent has tools for files and a shell. */
  ownTools: boolean;
  /** Whether the runner is asked before each of them. */
  asks: boolean;
  timeoutSeconds: number;
}

/** `agent` is the member of a team that speaks. */
interface Speaker {
  agent?: string;
}

/** The lines that the bridge writes. */
export type BridgeMessage =
  /** The library is there. */
  | { type: 'ready'; version: string; seconds: number }
  | { type: 'session'; id: string }
  /** A sign of life that says nothing else. */
  | { type: 'alive' }
  | ({ type: 'text' | 'thinking'; text: string } & Speaker)
  | ({ type: 'tool_call'; id: string; name: string; input: Record<string, unknown> } & Speaker)
  | ({ type: 'tool_result'; id: string; output: string; isError: boolean } & Speaker)
  | ({ type: 'usage' } & BridgeUsage)
  /** Waits for `{permission: id, allow, message?}` on stdin. */
  | { type: 'permission'; id: number; name: string; input: Record<string, unknown> }
  | { type: 'log'; text: string }
  /** `ended`: the last answer of the model came to its end. `stop` says how. */
  | { type: 'done'; value: string; stop: 'complete' | 'length' | 'refused' | null; ended: boolean }
  | { type: 'failed'; message: string; kind: string };

/** Tokens of one call of a model. */
export interface BridgeUsage {
  model: string;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  /** Whether `input` counts what came from a cache, or went into one, too. */
  cachedInInput: boolean;
}

/** Undefined for a line that is not the bridge's. */
export function parseMessage(line: string): BridgeMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isMessage = typeof value === 'object' && value !== null && 'type' in value;
    return isMessage ? (value as BridgeMessage) : undefined;
  } catch {
    return undefined;
  }
}
