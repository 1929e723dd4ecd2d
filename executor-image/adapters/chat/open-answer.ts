import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { readErrorBody } from '#model-protocols/error-body';
import { isRetryable } from '#model-protocols/failure';
import type { ModelFailure } from '#model-protocols/failure';
import { sleep } from '../../clock.ts';
import { cutText } from '../../text/cut.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import type { AdapterContext } from '../adapter.ts';
import type { ChatCall } from './chat-call.ts';

export const MAX_TRIES = 4;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait after that many failures; `asked` is what the service asks for. */
export function waitAfter(failures: number, asked?: number): number {
  return Math.min(LONGEST_WAIT_MS, asked ?? FIRST_WAIT_MS * 2 ** (failures - 1));
}
/** The part that is read of an answer that is an error. */
const ERROR_BYTES = 64 * 1024;
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
    if (!isCurable || attempt === MAX_TRIES) throw new RunFailure('ModelError', message);
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
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return {
    message: `the model answered ${status}: ${words}`,
    failure,
    ...(seconds >= 0 ? { waitMs: seconds * 1000 } : {}),
  };
}

/** Not by `fetch`, which gives up on a model that is silent for five minutes: the limits are those of the run. */
function post({ endpoint, body }: ChatCall, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream', ...endpoint.headers };
    request(endpoint.url, { method: 'POST', headers, agent: false, signal })
      .on('response', resolve)
      .on('error', reject)
      .end(JSON.stringify(body));
  });
}

/** The beginning of a body, as far as it came. Throws the signal's reason. */
async function firstBytes(body: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= ERROR_BYTES) break;
    }
  } catch {
    signal.throwIfAborted(); // broken off otherwise: the status says enough
  }
  return Buffer.concat(chunks).toString('utf8', 0, Math.min(size, ERROR_BYTES));
}
