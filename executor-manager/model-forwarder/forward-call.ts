import { randomUUID } from 'node:crypto';
import { constants } from 'node:http2';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';
import type { PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { request } from 'undici';
import type { Dispatcher } from 'undici';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { isStatusError } from '#api/machinery/status-error';
import type { Tracer } from '#api/machinery/tracing/tracer';
import { RefusedAddressError } from '#guarded-client/refused-address-error';
import { SERVICE_ERRORS } from '#model-protocols/service-errors';
import type { ModelProtocol } from '../protocol/run.ts';
import { CALL_ID_HEADER, answerHeaders, callHeaders } from './call-headers.ts';
import { secretsOf } from './credential-headers.ts';
import type { RealModel } from './credential-headers.ts';
import type { CallOutcome, ForwarderFigures } from './forwarder-figures.ts';
import { modelCallSpan } from './model-call-span.ts';
import type { ModelCallSpan, RunTrace } from './model-call-span.ts';
import type { ModelSource } from './model-source.ts';
import { findRoute, targetURL } from './routes.ts';
import { takeOut, takeOutOf } from './take-out.ts';

/** A run whose agent may call its Model. */
export interface ForwardedRun {
  /** The uid of its Sandbox. */
  id: string;
  protocol: ModelProtocol;
  source: ModelSource;
  trace?: RunTrace | undefined;
  /** Calls under way. */
  calls: number;
  /** Aborts when the run is over. */
  signal: AbortSignal;
}

export interface ForwardContext {
  dispatcher: Dispatcher;
  figures: ForwarderFigures;
  tracer: Tracer;
  logger: Logger;
}

export interface ModelCall {
  run: ForwardedRun;
  stream: ServerHttp2Stream;
  headers: IncomingHttpHeaders;
  /** Path and query, as the agent wrote them. */
  target: string;
}

/** An agent with all its subagents has some ten. */
const CALLS_OF_A_RUN = 64;

/** An answer that is not the service's. */
class CallError extends Error {
  override readonly name = 'CallError';
  readonly status: number;
  /** Whether the agent's program is told to try again at once. */
  readonly tryAgain: boolean;

  constructor(status: number, message: string, tryAgain = false) {
    super(message);
    this.status = status;
    this.tryAgain = tryAgain;
  }
}

/** Hands one call of a Model to its service, and the answer back, both as they come. Never rejects. */
export async function forwardCall(call: ModelCall, context: ForwardContext): Promise<void> {
  const { run, stream } = call;
  const left = new AbortController();
  stream.once('close', () => left.abort(new Error('the agent did not wait for the answer')));
  // A stream that breaks is closed, too.
  stream.on('error', () => undefined);
  run.calls += 1;
  const span = modelCallSpan({ ...run, tracer: context.tracer, target: call.target });
  let outcome: CallOutcome;
  try {
    const signal = AbortSignal.any([left.signal, run.signal]);
    const status = await answer({ ...call, span }, signal, context);
    outcome = outcomeOf(status);
  } catch (error) {
    outcome = left.signal.aborted ? 'left' : fail(call, error, context);
  } finally {
    run.calls -= 1;
  }
  context.figures.ended(run.protocol, outcome);
  span.ended(outcome);
}

function outcomeOf(status: number): CallOutcome {
  if (status < 400) return 'answered';
  return status < 500 ? 'refused' : 'failed';
}

/** Resolves with the status when all of the answer was handed back. */
async function answer(
  call: ModelCall & { span: ModelCallSpan },
  signal: AbortSignal,
  context: ForwardContext,
): Promise<number> {
  const { run, stream, headers, target, span } = call;
  const { figures, dispatcher } = context;
  const came = performance.now();
  if (run.calls > CALLS_OF_A_RUN)
    throw new CallError(429, `a run may have ${CALLS_OF_A_RUN} calls of its Model at once`);
  const [path = '', query] = target.split('?', 2);
  const method = headers[':method'] ?? '';
  const route = findRoute(run.protocol, { method, path });
  if (route === undefined) throw new CallError(404, `${method} ${path} is not open to agents`);
  const model = await readModel(run.source);
  const url = targetURL(model, route, query);
  span.to(url);
  const sending = request(url, {
    dispatcher,
    method: route.method,
    headers: { ...callHeaders(headers, model), [CALL_ID_HEADER]: `${run.id}.${randomUUID()}` },
    ...(route.method === 'GET' ? {} : { body: Readable.from(bodyOf(stream, run.protocol, figures)) }),
    signal,
    // The limits are the run's: a model may think for an hour.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const sent = performance.now();
  figures.sent(run.protocol, sent - came);
  const answer = await sending.catch((error: unknown) => {
    throw unreachable(error, url, model);
  });
  figures.answering(run.protocol, performance.now() - sent);
  await refuseUseless(answer, model, run.source);
  const secrets = secretsOf(model);
  const clean = (text: string): string => takeOutOf(text, secrets);
  stream.respond({ ':status': answer.statusCode, ...answerHeaders(answer.headers, clean) });
  const count = (bytes: number): void => figures.bytes(run.protocol, 'answer', bytes);
  const copy = span.answering({
    status: answer.statusCode,
    contentType: [answer.headers['content-type']].flat()[0],
  });
  const clear = takeOut(secrets, count);
  if (copy !== undefined) copyTo(copy, clear);
  await pipeline(answer.body, clear, stream);
  return answer.statusCode;
}

/** Beside the way to the agent, which does not wait for it. */
function copyTo(copy: PassThrough, answer: Transform): void {
  answer.on('data', (chunk: Buffer) => copy.write(chunk));
  answer.once('close', () => copy.end());
}

async function readModel(source: ModelSource): Promise<RealModel> {
  try {
    return await source.current();
  } catch (error) {
    const status = isStatusError(error) && error.code < 500 ? 502 : 503;
    throw new CallError(status, `the Model cannot be read: ${describeError(error)}`);
  }
}

/** Iterated, so that a call that fails leaves the stream open for the words that say so. */
async function* bodyOf(
  stream: ServerHttp2Stream,
  protocol: ModelProtocol,
  figures: ForwarderFigures,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    figures.bytes(protocol, 'request', chunk.length);
    yield chunk;
  }
}

/** Answers that the agent could do nothing good with. */
async function refuseUseless(
  { statusCode, body }: Dispatcher.ResponseData,
  model: RealModel,
  source: ModelSource,
): Promise<void> {
  const isRedirect = statusCode >= 300 && statusCode < 400;
  const isRotated = statusCode === 401 && (await source.changedFrom(model));
  if (!isRedirect && !isRotated) return;
  await body.dump();
  throw isRotated
    ? new CallError(503, 'the key of the Model has changed; the next call is made with the new one', true)
    : new CallError(502, `the service sends the call elsewhere (${statusCode}), which is not followed`);
}

function unreachable(error: unknown, url: URL, model: RealModel): Error {
  if (error instanceof RefusedAddressError) return error;
  const words = takeOutOf(describeError(error), secretsOf(model));
  return new CallError(502, `the model at ${url.origin} cannot be reached: ${words}`);
}

/** Says why there is no answer; where one has begun, breaks it off. */
function fail({ run, stream }: ModelCall, error: unknown, { logger }: ForwardContext): CallOutcome {
  const { status, tryAgain, message } = callErrorOf(error);
  logger.info('a call of a Model failed', { run: run.id, status, cause: message });
  if (stream.headersSent || stream.destroyed) {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR);
    return 'failed';
  }
  // https://github.com/anthropics/anthropic-sdk-typescript and openai-node heed this one before the status.
  const again = tryAgain ? { 'x-should-retry': 'true', 'retry-after': '0' } : {};
  stream.respond({ ':status': status, 'content-type': 'application/json', ...again });
  stream.end(JSON.stringify(SERVICE_ERRORS[run.protocol].body({ status, message })));
  return outcomeOf(status);
}

function callErrorOf(error: unknown): CallError {
  if (error instanceof CallError) return error;
  if (error instanceof RefusedAddressError) return new CallError(403, error.message);
  if (isStatusError(error)) return new CallError(502, error.message);
  return new CallError(502, `the call failed: ${describeError(error)}`);
}
