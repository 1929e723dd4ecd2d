/** What both protocols' requests say, as far as a script can ask for it. */
export interface Conversation {
  model: string;
  stream: boolean;
  /** The system prompt and what the client notes to the model between the turns. */
  system: string;
  /** Names of the tools on offer. */
  tools: string[];
  lastRole: 'user' | 'assistant' | 'tool';
  /** The last user text. */
  prompt: string;
  /** 1 + the answers given since the last user text. */
  turn: number;
  /** Since the last user text, in order. */
  toolResults: ToolResult[];
  /** An estimate: four characters to a token. */
  inputTokens: number;
}

export interface ToolResult {
  name: string;
  text: string;
  isError: boolean;
}

/** One message of either protocol. A user message may hold results and text at once. */
export interface Turn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
  results: ToolResult[];
}

/** Claude Code puts notes to the model into user messages under these tags; they are not what the user said. */
const REMINDER = /<system-reminder>[\s\S]*?<\/system-reminder>/g;

export function withoutReminders(text: string): string {
  return text.replaceAll(REMINDER, '').trim();
}

/** The notes alone: what the client tells the model, as in a system prompt. */
export function remindersIn(text: string): string {
  return (text.match(REMINDER) ?? []).join('\n');
}

/** Brings the turns of a request into the form that rules ask about. */
export function summarize(
  turns: readonly Turn[],
): Pick<Conversation, 'lastRole' | 'prompt' | 'turn' | 'toolResults'> {
  const promptAt = turns.findLastIndex(
    (turn) => turn.role === 'user' && turn.results.length === 0 && withoutReminders(turn.text) !== '',
  );
  const since = turns.slice(promptAt + 1);
  const last = turns.at(-1);
  return {
    lastRole: last === undefined || last.results.length === 0 ? (last?.role ?? 'user') : 'tool',
    prompt: withoutReminders(turns[promptAt]?.text ?? ''),
    turn: 1 + since.filter((turn) => turn.role === 'assistant').length,
    toolResults: since.flatMap((turn) => turn.results),
  };
}

export function estimateTokens(value: unknown): number {
  return Math.ceil((JSON.stringify(value) ?? '').length / 4);
}
