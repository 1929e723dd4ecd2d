import type { IncomingMessage } from 'node:http';
import { readErrorBody } from '#model-protocols/error-body';
import { isRetryable } from '#model-protocols/failure';
import type { ModelFailure } from '#model-protocols/failure';
import { sleep } from '../../clock.ts';
import { cutText } from '../../text/cut.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import { MAX_TRIES, firstBytes, retryAfter, sendRequest, waitAfter } from '../service-request.ts';
import type { ChatCall } from './chat-call.ts';

const MESSAGE_BYTES = 2000;

/**
 * The first answer that is not an error. Tries again where that can help, and at once in another way where the
 * service says how it wants to be asked. Throws RunFailure ModelError.
 */
export async function openAnswer(first: ChatCall, context: AdapterContext): Promise<IncomingMessage> {
  let call = first;
  for (let attempt = 1; ;) {
    const outcome = await attemptOf(call, context);
    if ('response' in outcome) return outcome.response;
    const { message, failure, waitMs: asked } = outcome;
    const other = failure && call.instead(failure);
    if (other !== undefined) {
      context.events.emit('log', { stream: 'agent', text: `${message}; asked in another way` });
      call = other;
      continue;
    }
    const isCurable = failure === undefined || isRetryable(failure.kind);
    if (!isCurable || attempt === MAX_TRIES) throw refusedOr(failure, message);
    const waitMs = waitAfter(attempt, asked);
    const text = `${message}; try ${attempt} of ${MAX_TRIES - 1} in ${(waitMs / 1000).toFixed(1)} s`;
    context.events.emit('log', { stream: 'agent', text });
    await sleep(context.clock, waitMs, context.signal);
    attempt += 1;
  }
}

interface FailedAttempt {
  /** For people. */
  message: string;
  /** Absent when the service was not reached. */
  failure?: ModelFailure;
  /** As the service asked for. */
  waitMs?: number;
}

async function attemptOf(
  call: ChatCall,
  { signal }: AdapterContext,
): Promise<{ response: IncomingMessage } | FailedAttempt> {
  let response: IncomingMessage;
  try {
    response = await post(call, signal);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return { message: `the model cannot be reached: ${describeError(error)}` };
  }
  const { statusCode: status = 0 } = response;
  if (status >= 200 && status < 300) return { response };
  const failure = readErrorBody(status, await firstBytes(response, signal));
  const words = failure.message === undefined ? 'no message' : cutText(failure.message, MESSAGE_BYTES);
  const waitMs = retryAfter(response);
  return {
    message: `the model answered ${status}: ${words}`,
    failure,
    ...(waitMs === undefined ? {} : { waitMs }),
  };
}

function post({ endpoint, body }: ChatCall, signal: AbortSignal): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...endpoint.headers };
  return sendRequest({ method: 'POST', url: endpoint.url, headers, body: JSON.stringify(body), signal });
}

function refusedOr(failure: ModelFailure | undefined, message: string): RunFailure {
  return new RunFailure(failure?.kind === 'refused' ? 'ModelRefused' : 'ModelError', message);
}
