import { createParser } from 'eventsource-parser';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { ModelProtocol, RunResult } from '#executor-manager/protocol/run';
import { sleep } from '../../clock.ts';
import { cutText } from '../../cut.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { anthropicCall } from './anthropic-call.ts';
import type { ChatCall, ChatReading } from './chat-call.ts';
import { openaiCall } from './openai-call.ts';

const MAX_TRIES = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
/** What is read of an answer that is an error. */
const ERROR_BYTES = 64 * 1024;
/** A service streams words; whoever sends more at once, or never ends an event, would fill the memory. */
const EVENT_BYTES = 8 * 1024 * 1024;

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic', 'openai'];

/** One direct call of the model, no tools, the answer streamed. */
export function chatAdapter(): AgentAdapter {
  return {
    needsFiles: false,
    modelProtocols: MODEL_PROTOCOLS,
    async run(request, context) {
      const model = requiredModel(request, MODEL_PROTOCOLS);
      if (model.name === '') {
        throw new RunFailure('StartFailed', 'Chat needs a Model that names its model_id');
      }
      const call = model.protocol === 'openai' ? openaiCall(request, model) : anthropicCall(request, model);
      context.events.emit('status', { phase: 'Running', message: `Chat with model ${model.name}` });
      const response = await answerOf(call, context);
      const reading = await readStream(response, call, context);
      context.events.emit('usage', { ...reading.usage, model: model.name });
      return resultOf(reading);
    },
  };
}

/** The first answer that is not an error; tries again where that can help. Throws RunFailure ModelError. */
async function answerOf(call: ChatCall, context: AdapterContext): Promise<Response> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await attemptOf(call, context);
    if (!('again' in outcome)) return outcome;
    if (!outcome.again || attempt === MAX_TRIES) throw new RunFailure('ModelError', outcome.message);
    const waitMs = Math.min(LONGEST_WAIT_MS, outcome.waitMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1));
    const text = `${outcome.message}; try ${attempt} of ${MAX_TRIES - 1} in ${(waitMs / 1000).toFixed(1)} s`;
    context.events.emit('log', { stream: 'agent', text });
    await sleep(context.clock, waitMs, context.signal);
  }
}

interface FailedAttempt {
  message: string;
  again: boolean;
  waitMs?: number;
}

async function attemptOf(call: ChatCall, { signal }: AdapterContext): Promise<Response | FailedAttempt> {
  let response: Response;
  try {
    response = await fetch(call.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...call.headers },
      body: JSON.stringify(call.body),
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { message: `the model at ${call.url} cannot be reached: ${describeError(error)}`, again: true };
  }
  if (response.ok) return response;
  const { status } = response;
  const message = `the model answered ${status}: ${messageOf(await firstBytes(response, signal), call)}`;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return {
    message,
    again: status === 408 || status === 429 || status >= 500,
    ...(seconds >= 0 ? { waitMs: seconds * 1000 } : {}),
  };
}

/** The beginning of a body, as far as it came. Throws the signal's reason. */
async function firstBytes({ body }: Response, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= ERROR_BYTES) break;
    }
  } catch {
    signal.throwIfAborted(); // broken off otherwise: the status says enough
  }
  return Buffer.concat(chunks).toString('utf8', 0, Math.min(size, ERROR_BYTES));
}

function messageOf(body: string, call: ChatCall): string {
  try {
    const { error } = JSON.parse(body) as { error?: { message?: unknown } | string };
    const message = typeof error === 'string' ? error : error?.message;
    if (typeof message === 'string' && message !== '') return cutText(message, 2000);
  } catch {
    // Not JSON, as from a proxy in between; its text is all there is.
  }
  const text = body.trim();
  return text === '' ? `no message from ${call.url}` : cutText(text, 500);
}

async function readStream(
  response: Response,
  call: ChatCall,
  { events, signal }: AdapterContext,
): Promise<ChatReading> {
  const reading: ChatReading = {
    text: '',
    ended: false,
    closed: false,
    usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
  };
  let pending = 0;
  const parser = createParser({
    onEvent: ({ data }) => {
      pending = 0;
      const piece = call.read(data, reading);
      if (piece.thinking !== undefined && piece.thinking !== '') events.text('thinking', piece.thinking);
      if (piece.text === undefined || piece.text === '') return;
      events.text('text', piece.text);
      if (reading.text.length < RUN_LIMITS.textBytes) reading.text += piece.text;
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of response.body ?? []) {
      pending += chunk.length;
      parser.feed(decoder.decode(chunk, { stream: true }));
      if (reading.closed) break;
      if (pending > EVENT_BYTES) throw new RunFailure('ModelError', 'the model sent an event without end');
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof RunFailure) throw error;
    throw new RunFailure('ModelError', `the model's answer broke off: ${describeError(error)}`, error);
  }
  if (!reading.ended) throw new RunFailure('ModelError', "the model's answer broke off before its end");
  return reading;
}

function resultOf({ text, usage }: ChatReading): RunResult {
  return { value: cutText(text, RUN_LIMITS.textBytes), usage, turns: 1 };
}
