import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunAnswer, RunResult } from '#executor-manager/protocol/run';
import type { AdapterContext, AgentAdapter, AgentRequest } from '../adapters/adapter.ts';
import { RunFailure } from '../run-failure.ts';
import { MOST_LEVELS, isShallow } from '../text/json-depth.ts';
import { jsonIn, outputCheck, repairPrompt, schemaInstruction } from './output.ts';
import type { OutputCheck } from './output.ts';

type Answer = Pick<RunResult, 'value' | 'output' | 'warnings'>;

export interface AgentTurns {
  adapter: AgentAdapter;
  request: AgentRequest;
  context: AdapterContext;
  /** The session that the program has named, as far as it has. */
  sessionId: () => string | undefined;
  /** A turn of the adapter is over. */
  onTurnEnd: () => void;
  /** Why there may be no further turn; undefined when there may be one. */
  refusal: () => RunFailure | undefined;
}

/**
 * Lets the agent answer; where the answer has to fit a schema and does not, it gets one more turn to mend it.
 * Throws RunFailure, OutputInvalid among them.
 */
export async function takeTurns(turns: AgentTurns): Promise<Answer> {
  const { request } = turns;
  const first = { ...request, prompt: firstPrompt(request, turns.adapter) };
  if (request.output === undefined) return takeTurn(turns, first);
  const check = outputCheck(request.output.schema);
  const answer = await takeTurn(turns, first);
  const checked = checkAnswer(answer, check);
  if (checked.ok) return { ...answer, output: checked.output };
  if (turns.adapter.capabilities.output === 'fixed') throw invalid(checked.problem);
  const refusal = turns.refusal();
  if (refusal !== undefined) throw refusal;
  const { events } = turns.context;
  events.emit('log', { stream: 'agent', text: `The answer does not fit its schema: ${checked.problem}` });
  const mended = await takeTurn(turns, repairRequest(turns, { answer, problem: checked.problem }));
  const again = checkAnswer(mended, check);
  if (again.ok) return { ...mended, output: again.output };
  throw invalid(again.problem);
}

const invalid = (problem: string): RunFailure =>
  new RunFailure('OutputInvalid', `the answer does not fit its schema: ${problem}`);

async function takeTurn({ adapter, context, onTurnEnd }: AgentTurns, request: AgentRequest): Promise<Answer> {
  try {
    return await adapter.run(request, context);
  } finally {
    context.events.flush();
    onTurnEnd();
  }
}

function checkAnswer(answer: Answer, check: (value: unknown) => OutputCheck): OutputCheck {
  const output = answer.output ?? jsonIn(answer.value);
  if (output === undefined) return { ok: false, problem: 'it is not JSON' };
  if (!isShallow(output)) return { ok: false, problem: `it has more than ${MOST_LEVELS} levels` };
  const bytes = Buffer.byteLength(JSON.stringify(output));
  const most = RUN_LIMITS.outputBytes;
  return bytes <= most
    ? check(output)
    : { ok: false, problem: `it has ${bytes} bytes as JSON, and may have ${most}` };
}

/** Where the program keeps no session, the model is told the whole story. */
function repairRequest(
  { adapter, request, sessionId }: AgentTurns,
  { answer, problem }: { answer: Answer; problem: string },
): AgentRequest {
  const id = sessionId();
  const prompt = repairPrompt(problem, adapter.capabilities.output === 'native' ? 'native' : 'prompted');
  if (adapter.capabilities.history === true) {
    const asked = { role: 'user', text: firstPrompt(request, adapter) } as const;
    const said = { role: 'assistant', text: answer.value } as const;
    return { ...request, prompt, history: [...(request.history ?? []), asked, said] };
  }
  if (adapter.capabilities.session !== 'none' && id !== undefined) {
    return { ...request, prompt, session: { id } };
  }
  return { ...request, prompt: `${firstPrompt(request, adapter)}\n\n${prompt}` };
}

function firstPrompt({ prompt, output, answers = [], session }: AgentRequest, adapter: AgentAdapter): string {
  const told = session === undefined ? [] : answers.map(answerText);
  const asked = told.length === 0 ? prompt : told.join('\n');
  if (output === undefined || adapter.capabilities.output !== 'prompted') return asked;
  return `${asked}\n\n${schemaInstruction(output.schema)}`;
}

/** A session that goes on after a person has answered begins with the answers. */
function answerText({ question, decision, message }: RunAnswer): string {
  if (question?.kind === 'Question') return `Answer to "${question.message}": ${message ?? ''}`;
  const tool = question?.tool ?? 'the tool';
  if (decision === 'allow')
    return `You may use ${tool} as you have asked. Do it now, with the same input, and go on.`;
  return `You may not use ${tool} as you have asked${message === undefined ? '' : `: ${message}`}. Go on without it.`;
}
