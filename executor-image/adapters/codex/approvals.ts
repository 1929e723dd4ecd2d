import path from 'node:path';
import type { AdapterContext } from '../adapter.ts';
import { changesOf } from './items.ts';
import type { FileChangeItem, ThreadItem } from './items.ts';

type Params = Record<string, unknown>;

/** Answers what Codex asks. */
export interface Approvals {
  /** Undefined for a request that is not known here. */
  answer(method: string, params: Params): Promise<unknown> | undefined;
}

/** `itemOf` finds the item that a request is about. */
export function createApprovals(
  context: AdapterContext,
  itemOf: (id: string) => ThreadItem | undefined,
): Approvals {
  return {
    answer(method, params) {
      switch (method) {
        case 'item/commandExecution/requestApproval':
          return commandDecision(context, params);
        case 'item/fileChange/requestApproval': {
          const item = itemOf(String(params['itemId']));
          return changeDecision(context, item?.type === 'fileChange' ? item : undefined);
        }
        case 'mcpServer/elicitation/request':
          return Promise.resolve(elicitationAnswer(params));
        case 'item/tool/requestUserInput':
          return answers(context, params);
        case 'item/permissions/requestApproval':
          // There is nothing to give: its own sandbox is off.
          return Promise.resolve({ permissions: {}, scope: 'turn' });
        default:
          return undefined;
      }
    },
  };
}

interface Decision {
  decision: 'accept' | 'decline';
}

async function commandDecision(
  { permissions, signal }: AdapterContext,
  { command, cwd, reason }: Params,
): Promise<Decision> {
  const input = {
    command: String(command ?? ''),
    ...(typeof cwd === 'string' ? { cwd } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
  const { behavior } = await permissions.decide({ tool: 'Bash', input, level: 'privileged' }, signal);
  return { decision: behavior === 'allow' ? 'accept' : 'decline' };
}

async function changeDecision(
  { permissions, signal, folder }: AdapterContext,
  item: FileChangeItem | undefined,
): Promise<Decision> {
  // Nobody can judge a change that nobody sees.
  if (item === undefined) return { decision: 'decline' };
  const inside = item.changes.every((change) => isInside(folder, change.path));
  const level = inside ? 'safe' : 'privileged';
  const call = { tool: 'Edit', input: { changes: changesOf(item) }, level } as const;
  const { behavior } = await permissions.decide(call, signal);
  return { decision: behavior === 'allow' ? 'accept' : 'decline' };
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, path.resolve(folder, file));
  return relative !== '' && relative !== '..' && !relative.startsWith(`..${path.sep}`);
}

/** Calls of tools of MCP servers go through the gate of the runner, which asks for itself. */
function elicitationAnswer(params: Params): unknown {
  const meta = params['_meta'] as { codex_approval_kind?: unknown } | null | undefined;
  const isCall = meta?.codex_approval_kind === 'mcp_tool_call';
  return { action: isCall ? 'accept' : 'decline', content: isCall ? {} : null, _meta: null };
}

interface Question {
  id?: unknown;
  question?: unknown;
  options?: { label?: unknown }[] | null;
}

async function answers({ permissions, signal }: AdapterContext, params: Params): Promise<unknown> {
  const questions = Array.isArray(params['questions']) ? (params['questions'] as Question[]) : [];
  const found: Record<string, { answers: string[] }> = {};
  for (const { id, question, options } of questions) {
    const labels = (options ?? []).map(({ label }) => String(label));
    found[String(id)] = { answers: [await permissions.ask(String(question), labels, signal)] };
  }
  return { answers: found };
}
