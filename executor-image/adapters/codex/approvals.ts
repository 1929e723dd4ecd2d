import path from 'node:path';
import type { PermissionAnswer } from '../../run/permissions.ts';
import type { AdapterContext } from '../adapter.ts';
import { changesOf } from './items.ts';
import type { ThreadItem } from './items.ts';

type Params = Record<string, unknown>;

/** Answers what Codex asks. */
export interface Approvals {
  /** Undefined for a request that is not known here. */
  answer(method: string, params: Params): Promise<unknown> | undefined;
}

export interface ApprovalsOptions {
  context: AdapterContext;
  /** Finds the item that a request is about. */
  itemOf: (id: string) => ThreadItem | undefined;
  /** Puts words before the model, in the turn that the request is of. */
  tell: (turn: { threadId: unknown; turnId: unknown }, words: string) => Promise<void>;
}

export function createApprovals({ context, itemOf, tell }: ApprovalsOptions): Approvals {
  /** The protocol has no place for a reason, and the model is to hear of it. */
  const decision = async ({ threadId, turnId }: Params, decided: PermissionAnswer): Promise<Decision> => {
    if (decided.behavior === 'allow') return { decision: 'accept' };
    await tell({ threadId, turnId }, decided.message);
    return { decision: 'decline' };
  };
  return {
    answer(method, params) {
      switch (method) {
        case 'item/commandExecution/requestApproval':
          return decideCommand(context, params).then((decided) => decision(params, decided));
        case 'item/fileChange/requestApproval': {
          const item = itemOf(String(params['itemId']));
          return decideChange(context, item).then((decided) => decision(params, decided));
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

function decideCommand(
  { permissions, signal }: AdapterContext,
  { command, cwd, reason }: Params,
): Promise<PermissionAnswer> {
  const input = {
    command: String(command ?? ''),
    ...(typeof cwd === 'string' ? { cwd } : {}),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
  return permissions.decide({ tool: 'Bash', input, level: 'privileged' }, signal);
}

async function decideChange(
  { permissions, signal, folder }: AdapterContext,
  item: ThreadItem | undefined,
): Promise<PermissionAnswer> {
  if (item?.type !== 'fileChange') {
    return { behavior: 'deny', message: 'Nobody can judge a change that nobody sees.' };
  }
  const inside = item.changes.every((change) => isInside(folder, change.path));
  const level = inside ? 'safe' : 'privileged';
  const call = { tool: 'Edit', input: { changes: changesOf(item) }, level } as const;
  return permissions.decide(call, signal);
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
