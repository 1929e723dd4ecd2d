import type { AdapterContext } from '../adapter.ts';
import type { PermissionAnswer } from '../../run/permissions.ts';
import { RunFailure } from '../../run-failure.ts';
import type { ControlRequest } from './stream-messages.ts';
import { toolLevel } from './tool-levels.ts';

/** The name under which the program calls us back before each use of a tool. */
const CALLBACK = 'tool';
/** A person may take days; the run waits as long as its policy says and ends this question then. */
const WAIT_SECONDS = 7 * 24 * 60 * 60;

/**
 * The hooks for `initialize`. The program's own rules let some tools pass without a question (reading, for one); its
 * hook is called for every tool of every agent. `onFailure`: no answer is no.
 */
export const TOOL_HOOKS = {
  PreToolUse: [{ hookCallbackIds: [CALLBACK], timeout: WAIT_SECONDS, onFailure: 'block' }],
};

type Answer = Record<string, unknown>;
type PermissionContext = Pick<AdapterContext, 'permissions' | 'signal' | 'toolServers'>;

/** Answers what the program asks, by the policy of the run and by people. */
export class ToolPermissions {
  readonly #context: PermissionContext;
  /** By the id of the tool call: the hook is asked first, and the program's own question may follow. */
  readonly #decided = new Map<string, PermissionAnswer>();

  constructor(context: PermissionContext) {
    this.#context = context;
  }

  /** Rejects with RunFailure for what nobody can answer here. */
  async answer(request: ControlRequest['request'], gone: AbortSignal): Promise<Answer> {
    const signal = AbortSignal.any([gone, this.#context.signal]);
    switch (request.subtype) {
      case 'hook_callback':
        return this.#hook(recordIn(request['input']), signal);
      case 'can_use_tool':
        return this.#question(request, signal);
      // A tool server asks for input from a person, in a form of its own.
      case 'elicitation':
        return { action: 'decline' };
      default:
        throw new RunFailure('AgentFailed', `${request.subtype} is not supported here`);
    }
  }

  async #hook(call: Record<string, unknown>, signal: AbortSignal): Promise<Answer> {
    const tool = String(call['tool_name']);
    // It is a question itself: asked below, by the program's own request.
    if (tool === ASK_TOOL) return {};
    const answer = await this.#decide(tool, recordIn(call['tool_input']), signal);
    this.#decided.set(String(call['tool_use_id']), answer);
    const reason = answer.behavior === 'deny' ? { permissionDecisionReason: answer.message } : {};
    const decision = { hookEventName: 'PreToolUse', permissionDecision: answer.behavior, ...reason };
    return { hookSpecificOutput: decision };
  }

  async #question(request: Record<string, unknown>, signal: AbortSignal): Promise<Answer> {
    const tool = String(request['tool_name']);
    const input = recordIn(request['input']);
    if (tool === ASK_TOOL) return { behavior: 'allow', updatedInput: await this.#ask(input, signal) };
    const decided = this.#decided.get(String(request['tool_use_id']));
    const answer = decided ?? (await this.#decide(tool, input, signal));
    return answer.behavior === 'allow' ? { ...answer, updatedInput: input } : { ...answer };
  }

  async #decide(
    tool: string,
    input: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<PermissionAnswer> {
    const { permissions, toolServers } = this.#context;
    // The gate of the runner judges these itself, for every kind of agent.
    if (toolServers.some(({ name }) => tool.startsWith(`mcp__${name}__`))) return { behavior: 'allow' };
    return permissions.decide({ tool, input, level: toolLevel(tool) }, signal);
  }

  async #ask(input: Record<string, unknown>, signal: AbortSignal): Promise<Answer> {
    const questions = Array.isArray(input['questions']) ? (input['questions'] as unknown[]) : [];
    const answers: Record<string, string> = {};
    for (const asked of questions.map(recordIn)) {
      const question = String(asked['question']);
      const options = Array.isArray(asked['options']) ? (asked['options'] as unknown[]) : [];
      const labels = options.map((option) => String(recordIn(option)['label']));
      answers[question] = await this.#context.permissions.ask(question, labels, signal);
    }
    return { ...input, answers };
  }
}

/** The program's tool for questions to a person. */
const ASK_TOOL = 'AskUserQuestion';

function recordIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
