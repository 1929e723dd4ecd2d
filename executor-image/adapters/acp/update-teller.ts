import type {
  ContentBlock,
  SessionUpdate,
  ToolCall,
  ToolCallContent,
  ToolCallUpdate,
  UsageUpdate,
} from '@agentclientprotocol/sdk';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import { lastBytes } from '../../text/cut.ts';
import type { AdapterContext } from '../adapter.ts';

/** Turns the updates of a session into events, and keeps the agent's last words. */
export interface UpdateTeller {
  update(update: SessionUpdate): void;
  /** One of what was said before this run; the log has it already. */
  past(update: SessionUpdate): void;
  /** The words since the last use of a tool, else all of them. */
  words(): string;
}

interface Telling extends Pick<AdapterContext, 'events' | 'meter'> {
  model: string;
  /** Of the session before this run, in US dollars. */
  costBefore: number;
  all: string;
  /** Since the last use of a tool. */
  last: string;
  /** By id. */
  calls: Map<string, KnownCall>;
  /** The model has been asked, and what it says is still to come. */
  asked: boolean;
}

interface KnownCall {
  /** All that its updates have said so far. */
  call: ToolCallUpdate;
  told: 'nothing' | 'begin' | 'end';
}

/** `model` is the name under which the program's cost is counted. */
export function createUpdateTeller(
  { events, meter }: Pick<AdapterContext, 'events' | 'meter'>,
  model = 'model',
): UpdateTeller {
  const telling: Telling = {
    ...{ events, meter, model, costBefore: 0, all: '', last: '', calls: new Map(), asked: true },
  };
  return {
    update: (update) => tell(telling, update),
    past(update) {
      meter.alive();
      if (update.sessionUpdate === 'usage_update') telling.costBefore = dollarsOf(update) ?? 0;
    },
    words: () => (telling.last.trim() === '' ? telling.all : telling.last),
  };
}

/** The protocol does not tell of calls of the model; there is one whenever the agent goes on after its tools. */
function countTurn(telling: Telling): void {
  if (!telling.asked) return;
  telling.asked = false;
  telling.meter.turn();
}

function tell(telling: Telling, update: SessionUpdate): void {
  switch (update.sessionUpdate) {
    case 'agent_message_chunk':
      countTurn(telling);
      return tellWords(telling, textOf(update.content));
    case 'agent_thought_chunk':
      countTurn(telling);
      return telling.events.text('thinking', textOf(update.content));
    case 'tool_call':
    case 'tool_call_update':
      return tellTool(telling, update);
    case 'plan': {
      const lines = update.entries.map(({ status, content }) => `[${status}] ${content}`);
      return telling.events.emit('log', { stream: 'agent', text: lines.join('\n') });
    }
    case 'usage_update': {
      const cost = dollarsOf(update);
      if (cost !== undefined) telling.meter.cost(telling.model, Math.max(0, cost - telling.costBefore));
      return;
    }
    default: // modes, commands, titles and what newer agents say: a sign of life
      telling.meter.alive();
  }
}

/** The cost of a session so far; its tokens are those of one request, not of all, and no use here. */
function dollarsOf({ cost }: UsageUpdate): number | undefined {
  return cost?.currency === 'USD' && Number.isFinite(cost.amount) ? cost.amount : undefined;
}

function tellWords(telling: Telling, text: string): void {
  telling.all = lastBytes(telling.all + text, RUN_LIMITS.textBytes);
  telling.last = lastBytes(telling.last + text, RUN_LIMITS.textBytes);
  telling.events.text('text', text);
}

/** An agent announces a call piece by piece; it is told once, when it begins. */
function tellTool(telling: Telling, update: ToolCall | ToolCallUpdate): void {
  const { toolCallId: id } = update;
  if (!telling.calls.has(id)) countTurn(telling);
  const known = telling.calls.get(id) ?? { call: { toolCallId: id }, told: 'nothing' as const };
  const call = mergedCall(known.call, update);
  const isOver = call.status === 'completed' || call.status === 'failed';
  let { told } = known;
  if (told === 'nothing' && (call.status === 'in_progress' || isOver)) {
    told = 'begin';
    telling.last = '';
    const name = toolName(call);
    const input = inputOf(call);
    telling.meter.toolCall(name, input);
    telling.events.emit('tool_call', { id, name, input });
  }
  if (told === 'begin' && isOver) {
    told = 'end';
    telling.asked = true;
    telling.events.emit('tool_result', { id, output: outputOf(call), isError: call.status === 'failed' });
  }
  // Of one that is over nothing but that is of interest: results can be large.
  telling.calls.set(id, { call: told === 'end' ? { toolCallId: id } : call, told });
}

/** A field that an update does not have stays as it was. */
function mergedCall(call: ToolCallUpdate, update: ToolCall | ToolCallUpdate): ToolCallUpdate {
  const { sessionUpdate: _, ...fields } = update as ToolCallUpdate & { sessionUpdate?: string };
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null);
  return { ...call, ...Object.fromEntries(given) };
}

/** As permission rules name it. */
export function toolName({ name, kind, title }: ToolCallUpdate): string {
  return name ?? kind ?? title ?? 'tool';
}

export function inputOf({ rawInput, title, locations }: ToolCallUpdate): Record<string, unknown> {
  if (typeof rawInput === 'object' && rawInput !== null && !Array.isArray(rawInput)) return { ...rawInput };
  const path = locations?.[0]?.path;
  return {
    ...(title === undefined || title === null ? {} : { description: title }),
    ...(path === undefined ? {} : { path }),
    ...(rawInput === undefined || rawInput === null ? {} : { input: rawInput }),
  };
}

function outputOf({ content, rawOutput }: ToolCallUpdate): string {
  const shown = (content ?? []).map(contentText).filter((text) => text !== '');
  if (shown.length > 0) return shown.join('\n');
  if (rawOutput === undefined || rawOutput === null) return '';
  return typeof rawOutput === 'string' ? rawOutput : JSON.stringify(rawOutput);
}

function contentText(content: ToolCallContent): string {
  switch (content.type) {
    case 'content':
      return textOf(content.content);
    case 'diff':
      return `${content.path} was changed`;
    case 'terminal':
      return '';
  }
}

function textOf(content: ContentBlock): string {
  if (content.type === 'text') return content.text;
  if (content.type === 'resource_link') return content.uri;
  return `[${content.type}]`;
}
