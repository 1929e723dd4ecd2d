import type { IncomingMessage } from 'node:http';
import { collectAnswer } from '#model-protocols/answer';
import type { Answer, AnswerPart } from '#model-protocols/answer';
import type { FailureKind } from '#model-protocols/failure';
import { readAnswer } from '#model-protocols/read-answer';
import { EventTooLargeError } from '#model-protocols/server-sent-events';
import type { WireProtocol } from '#model-protocols/wire-protocol';
import { sleep } from '../../clock.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import { MAX_TRIES, waitAfter } from '../service-request.ts';
import type { ChatCall } from './chat-call.ts';
import { openAnswer } from './open-answer.ts';

/** A service streams words; whoever sends more at once, or never ends an event, would fill the memory. */
const EVENT_BYTES = 8 * 1024 * 1024;
/** Of one answer, thinking and inputs of tools included: no model has a limit of tokens that comes near it. */
const ANSWER_BYTES = 8 * 1024 * 1024;

/** Said by a service in the middle of an answer: it cannot go on now. So does the way to it, when that breaks. */
const BUSY: ReadonlySet<FailureKind> = new Set(['overloaded', 'rateLimited', 'timeout']);

class BusyFailure extends RunFailure {}

export interface ModelAnswer extends Answer {
  /** Somebody has interrupted it: it is what the model had said until then. */
  interrupted: boolean;
}

export interface AskOptions {
  context: AdapterContext;
  /** Aborts when nobody waits for the answer, though the run goes on. */
  interrupt: AbortSignal;
}

/**
 * The model's answer, streamed to the log. One that breaks off since the service is busy is asked for again, from its
 * beginning, and the log says so. Throws RunFailure, and the run's reason to end.
 */
export async function askModel(call: ChatCall, { context, interrupt }: AskOptions): Promise<ModelAnswer> {
  const signal = AbortSignal.any([context.signal, interrupt]);
  const parts: AnswerPart[] = [];
  try {
    for (let attempt = 1; ; attempt += 1) {
      parts.length = 0;
      const response = await openAnswer(call, { ...context, signal });
      try {
        await readResponse({ response, protocol: call.protocol, parts }, { ...context, signal });
        return { ...collectAnswer(parts), interrupted: false };
      } catch (error) {
        if (!(error instanceof BusyFailure) || attempt === MAX_TRIES) throw error;
        const text = `${error.message}; the answer begins again`;
        context.events.emit('log', { stream: 'agent', text });
      }
      await sleep(context.clock, waitAfter(attempt), signal);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!interrupt.aborted) throw error;
    return { ...collectAnswer(parts), interrupted: true };
  }
}

interface Reading {
  response: IncomingMessage;
  protocol: WireProtocol;
  parts: AnswerPart[];
}

/** Reads the answer to its end and emits what it says. Throws RunFailure. */
async function readResponse(
  { response, protocol, parts }: Reading,
  { events, signal }: AdapterContext,
): Promise<void> {
  const contentType = response.headers['content-type'] ?? null;
  let bytes = 0;
  try {
    const options = { protocol, body: response, contentType, maxEventBytes: EVENT_BYTES };
    for await (const part of readAnswer(options)) {
      if (part.type === 'failure') throw failureOf(part);
      if (part.type === 'text' || part.type === 'thinking') events.text(part.type, part.text);
      bytes += sizeOf(part);
      if (bytes > ANSWER_BYTES) {
        throw new RunFailure(
          'ModelError',
          `the model's answer has more than ${ANSWER_BYTES} bytes and no end`,
        );
      }
      parts.push(part);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw brokenOff(error);
  } finally {
    response.destroy();
  }
  if (parts.at(-1)?.type !== 'end') {
    throw new RunFailure('ModelError', "the model's answer broke off before its end");
  }
}

function sizeOf(part: AnswerPart): number {
  if (part.type === 'toolInput') return part.json.length;
  return 'text' in part ? part.text.length : 0;
}

function failureOf({ failure }: Extract<AnswerPart, { type: 'failure' }>): RunFailure {
  const { kind, message = 'no message' } = failure;
  if (kind === 'refused') return new RunFailure('ModelRefused', `the model refused: ${message}`);
  const Failure = BUSY.has(kind) ? BusyFailure : RunFailure;
  return new Failure('ModelError', `the model failed: ${message}`);
}

function brokenOff(error: unknown): RunFailure {
  if (error instanceof RunFailure) return error;
  if (error instanceof EventTooLargeError) {
    return new RunFailure('ModelError', 'the model sent an event without end', error);
  }
  return new RunFailure('ModelError', `the model's answer broke off: ${describeError(error)}`, error);
}
