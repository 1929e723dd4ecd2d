import type { IncomingMessage } from 'node:http';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import type { AnswerPart, StopReason } from '#model-protocols/answer';
import { readAnswer } from '#model-protocols/read-answer';
import { EventTooLargeError } from '#model-protocols/server-sent-events';
import { NO_USAGE } from '#model-protocols/token-usage';
import type { TokenUsage } from '#model-protocols/token-usage';
import type { WireProtocol } from '#model-protocols/wire-protocol';
import type { FailureKind } from '#model-protocols/failure';
import { sleep } from '../../clock.ts';
import type { EventSink } from '../../events/event-sink.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext, AgentAdapter } from '../adapter.ts';
import { requiredModel } from '../required-model.ts';
import { chatCall } from './chat-call.ts';
import type { ChatCall } from './chat-call.ts';
import { MAX_TRIES, openAnswer, waitAfter } from './open-answer.ts';

/** A service streams words; whoever sends more at once, or never ends an event, would fill the memory. */
const EVENT_BYTES = 8 * 1024 * 1024;
/** Characters of an answer that are held for the result; the events have all of it. */
const ANSWER_LENGTH = 4 * 1024 * 1024;

const MODEL_PROTOCOLS: readonly ModelProtocol[] = ['anthropic', 'openai', 'openai-responses'];

/** One direct call of the model, no tools, the answer streamed. */
export function chatAdapter(): AgentAdapter {
  return {
    capabilities: {
      files: false,
      modelProtocols: MODEL_PROTOCOLS,
      session: 'none',
      steer: false,
      interrupt: false,
      permissions: false,
      output: 'prompted',
      images: false,
      skills: 'listed',
      usage: 'per model',
    },
    async run(request, context) {
      const model = requiredModel(request, MODEL_PROTOCOLS);
      if (model.name === '') {
        throw new RunFailure('StartFailed', 'Chat needs a Model that names its model_id');
      }
      const call = chatCall(request, model);
      context.events.emit('status', { phase: 'Running', message: `Chat with model ${model.name}` });
      const reading = await wholeAnswer(call, context);
      const hint = INCOMPLETE[reading.stop ?? 'complete'];
      if (hint !== undefined) context.events.emit('log', { stream: 'agent', text: hint });
      context.meter.turn();
      context.meter.usage(model.name, reading.usage);
      return { value: reading.text };
    },
  };
}

const INCOMPLETE: Readonly<Partial<Record<StopReason, string>>> = {
  length: "The model's answer is not complete: it reached a limit of tokens.",
  refused: "The model's answer is not complete: the service's content policy ended it.",
};

interface Reading {
  text: string;
  usage: TokenUsage;
  stop?: StopReason;
  /** Whether the answer is whole. */
  ended: boolean;
}

/** Said by a service in the middle of an answer: it cannot go on now. So does the way to it, when that breaks. */
const BUSY: ReadonlySet<FailureKind> = new Set(['overloaded', 'rateLimited', 'timeout']);

class BusyFailure extends RunFailure {}

/** An answer that breaks off since the service is busy is asked for again, from its beginning, and the log says so. */
async function wholeAnswer(call: ChatCall, context: AdapterContext): Promise<Reading> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await openAnswer(call, context);
    try {
      return await readResponse(response, call.protocol, context);
    } catch (error) {
      if (!(error instanceof BusyFailure) || attempt === MAX_TRIES) throw error;
      const text = `${error.message}; the answer begins again`;
      context.events.emit('log', { stream: 'agent', text });
    }
    await sleep(context.clock, waitAfter(attempt), context.signal);
  }
}

/** Reads the answer to its end and emits what it says. Throws RunFailure ModelError. */
async function readResponse(
  response: IncomingMessage,
  protocol: WireProtocol,
  { events, signal }: AdapterContext,
): Promise<Reading> {
  const reading: Reading = { text: '', usage: { ...NO_USAGE }, ended: false };
  const contentType = response.headers['content-type'] ?? null;
  try {
    const options = { protocol, body: response, contentType, maxEventBytes: EVENT_BYTES };
    for await (const part of readAnswer(options)) {
      takePart(reading, part, events);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failureOf(error);
  }
  if (!reading.ended) throw new RunFailure('ModelError', "the model's answer broke off before its end");
  return reading;
}

function takePart(reading: Reading, part: AnswerPart, events: EventSink): void {
  switch (part.type) {
    case 'text':
      events.text('text', part.text);
      if (reading.text.length < ANSWER_LENGTH) reading.text += part.text;
      return;
    case 'thinking':
      events.text('thinking', part.text);
      return;
    case 'start':
    case 'usage':
      Object.assign(reading.usage, part.usage);
      return;
    case 'stop':
      reading.stop = part.reason;
      return;
    case 'end':
      reading.ended = true;
      return;
    case 'failure': {
      const { kind, message = 'no message' } = part.failure;
      const Failure = BUSY.has(kind) ? BusyFailure : RunFailure;
      throw new Failure('ModelError', `the model failed: ${message}`);
    }
    // No tools are offered; a call of one, and the proof of what was thought, lead nowhere here.
    case 'signature':
    case 'toolCall':
    case 'toolInput':
  }
}

function failureOf(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if (error instanceof EventTooLargeError) {
    return new RunFailure('ModelError', 'the model sent an event without end', error);
  }
  return new RunFailure('ModelError', `the model's answer broke off: ${describeError(error)}`, error);
}
