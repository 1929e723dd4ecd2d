import { createHash } from 'node:crypto';

/** The content of requests of all protocols, as far as a script can ask for it. */
export interface Conversation {
  /** The header x-client-request-id, by which the caller knows the call. */
  callID?: string;
  model: string;
  stream: boolean;
  /** The system prompt and what the client notes to the model between the turns. */
  system: string;
  /** Names of the tools on offer. */
  tools: string[];
  /** Beginnings of names under which the Responses API groups tools: `mcp__search` of `mcp__search__find`. */
  namespaces: readonly string[];
  lastRole: 'user' | 'assistant' | 'tool';
  /** The last user text. */
  prompt: string;
  /** 1 + the answers given since the last user text. */
  turn: number;
  /** The beginning of this answer that the client has already, where its stream broke; else empty. */
  said: string;
  /** Since the last user text, in order. */
  toolResults: ToolResult[];
  /** The pictures since the last user text, that text's included, as describeImage writes them. */
  images: string[];
  /** An estimate: four characters to a token. */
  inputTokens: number;
}

export interface ToolResult {
  name: string;
  text: string;
  isError: boolean;
}

/** One message of any protocol. A user message may hold results and text at once. */
export interface Turn {
  role: 'user' | 'assistant' | 'tool';
  text: string;
  /** URLs. */
  images: readonly string[];
  results: ToolResult[];
}

/**
 * Words of a client to the model in the user's place, which the user did not say: Claude Code puts it into
 * messages under tags, Codex into messages of their own, which hold nothing else.
 */
const NOTES = [
  /<system-reminder>[\s\S]*?<\/system-reminder>/g,
  /^<(environment_context|user_instructions|skills_instructions)>[\s\S]*<\/\1>\s*$/g,
  /^# AGENTS\.md instructions[\s\S]*$/g,
];

export function withoutNotes(text: string): string {
  return NOTES.reduce((rest, note) => rest.replaceAll(note, ''), text).trim();
}

/** The notes alone: what the client tells the model, as in a system prompt. */
export function notesIn(text: string): string {
  return NOTES.flatMap((note) => text.match(note) ?? []).join('\n');
}

/** A picture in words: `image/png, 68 bytes, sha256 0a1b2c3d4e5f`, or its URL where it did not come with the request. */
export function describeImage(url: string): string {
  const [, mediaType, data] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
  if (mediaType === undefined || data === undefined) return url;
  const bytes = Buffer.from(data, 'base64');
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12);
  return `${mediaType}, ${bytes.length} bytes, sha256 ${hash}`;
}

/** Claude Code asks so for the rest of an answer whose stream broke; the beginning is in the turn before. */
const RESUME = /^Your response above was cut off mid-stream\. Resume directly /;

/** The turns without a request for the rest of an answer, and the beginning of that answer. */
function withoutResume(turns: readonly Turn[]): { turns: readonly Turn[]; said: string } {
  const last = turns.at(-1);
  if (last?.role !== 'user' || !RESUME.test(withoutNotes(last.text))) return { turns, said: '' };
  const before = turns.at(-2);
  if (before?.role !== 'assistant') return { turns: turns.slice(0, -1), said: '' };
  const earlier = withoutResume(turns.slice(0, -2));
  return { turns: earlier.turns, said: earlier.said + before.text };
}

/** Brings the turns of a request into the form that rules ask about. */
export function summarize(
  all: readonly Turn[],
): Pick<Conversation, 'lastRole' | 'prompt' | 'turn' | 'said' | 'toolResults' | 'images'> {
  const { turns, said } = withoutResume(all);
  const promptAt = turns.findLastIndex(
    (turn) => turn.role === 'user' && turn.results.length === 0 && withoutNotes(turn.text) !== '',
  );
  const since = turns.slice(promptAt + 1);
  const last = turns.at(-1);
  return {
    lastRole: last === undefined || last.results.length === 0 ? (last?.role ?? 'user') : 'tool',
    prompt: withoutNotes(turns[promptAt]?.text ?? ''),
    turn: 1 + since.filter((turn) => turn.role === 'assistant').length,
    said,
    toolResults: since.flatMap((turn) => turn.results),
    images: turns.slice(Math.max(promptAt, 0)).flatMap(({ images }) => images.map(describeImage)),
  };
}

export function estimateTokens(value: unknown): number {
  return Math.ceil((JSON.stringify(value) ?? '').length / 4);
}
