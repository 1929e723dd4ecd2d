import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, OutgoingHttpHeaders, Server, ServerResponse } from 'node:http';
import { constants } from 'node:http2';
import type {
  ClientHttp2Session,
  ClientHttp2Stream,
  IncomingHttpHeaders,
  IncomingHttpStatusHeader,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ModelProtocol } from '#executor-manager/protocol/run';
import { isEndToEnd, modelCallPath } from '#executor-manager/protocol/tunnel';
import { SERVICE_ERRORS } from '#model-protocols/service-errors';
import { readFacts } from '#model-protocols/answer-facts';
import type { AnswerFacts } from '#model-protocols/answer-facts';
import { NoTunnelError } from './tunnel.ts';
import type { Tunnel } from './tunnel.ts';
import type { RunTokens } from './run-tokens.ts';

/** A run that may call its Model. */
export interface CallingRun {
  id: string;
  protocol: ModelProtocol;
  /** Told whenever bytes of an answer come. */
  onBytes: () => void;
  /** Told of each answer of a model, when it is over; absent where the program itself tells all of it. */
  onAnswer?: (facts: AnswerFacts) => void;
}

export interface LoopbackOptions {
  tokens: RunTokens<CallingRun>;
  tunnel: Tunnel;
}

/** Credentials end here: what comes with the call is the run's token. */
const CREDENTIALS: ReadonlySet<string> = new Set(['x-api-key', 'api-key', 'authorization', 'cookie']);

/**
 * Listens on loopback for calls of Models and hands each to the tunnel as it comes, nothing read to its end here. It
 * judges only the token: what may be called is the executor manager's to say.
 */
export async function listenOnLoopback(options: LoopbackOptions): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    forward(options, request, response).catch(() => response.destroy());
  });
  // The limits are the run's: a model may think for an hour, and a large request takes its time.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

async function forward(
  { tokens, tunnel }: LoopbackOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const run = tokens.runOf(request.headers);
  if (run === undefined) {
    sendError(response, 'anthropic', { status: 401, message: 'the token is not one of a run that goes on' });
    return;
  }
  let session: ClientHttp2Session;
  let stream: ClientHttp2Stream;
  try {
    session = await tunnel.session();
    stream = session.request(callHeaders(request, run));
  } catch (error) {
    const message = error instanceof NoTunnelError ? error.message : 'the executor manager cannot be reached';
    sendError(response, run.protocol, { status: 503, message });
    return;
  }
  await relay({ request, response, session, stream, run });
}

function callHeaders(request: IncomingMessage, run: CallingRun): OutgoingHttpHeaders {
  const passed = Object.entries(request.headers).filter(
    ([name]) => isEndToEnd(name) && !CREDENTIALS.has(name),
  );
  return {
    ...Object.fromEntries(passed),
    [constants.HTTP2_HEADER_METHOD]: request.method ?? 'GET',
    [constants.HTTP2_HEADER_PATH]: modelCallPath(run.id, request.url ?? '/'),
  };
}

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  session: ClientHttp2Session;
  stream: ClientHttp2Stream;
  run: CallingRun;
  /** The answer is a stream of events. */
  isEvents?: boolean;
}

/** Both bodies at the same time: a service may answer before it has all of the request. */
async function relay(call: Call): Promise<void> {
  const { request, response, stream, run } = call;
  // Whoever asked is gone, so nobody may go on with it.
  response.once('close', () => {
    if (!response.writableFinished) stream.close(constants.NGHTTP2_CANCEL);
  });
  request.pipe(stream);
  try {
    const headers = await answered(stream);
    call.isEvents = /^text\/event-stream\b/i.test(headers['content-type'] ?? '');
    response.writeHead(headers[':status'] ?? 502, answerHeaders(headers));
    response.flushHeaders();
    stream.on('data', run.onBytes);
    watchAnswer(call, headers);
    await pipeline(stream, response, { end: false });
    // Of a stream that broke, too, the readable side just ends.
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error('the answer broke off');
    response.end();
  } catch {
    if (response.destroyed) return;
    if (response.headersSent) breakOff(call);
    else sendError(response, run.protocol, { status: 503, message: GONE });
  }
}

/** Beside the way to the program, which does not wait for it. */
function watchAnswer({ request, stream, run }: Call, headers: AnswerHeaders): void {
  const { onAnswer } = run;
  if (onAnswer === undefined || headers[':status'] !== constants.HTTP_STATUS_OK) return;
  const body = new PassThrough();
  stream.on('data', (chunk: Buffer) => body.write(chunk));
  stream.once('close', () => body.end());
  void readFacts({ target: request.url ?? '', contentType: headers['content-type'], body }).then((facts) => {
    // Throws away the rest of a body that was read only in part.
    body.resume();
    if (facts !== undefined) onAnswer(facts);
  });
}

const GONE = 'the connection to the executor manager broke';

/**
 * A stream of events whose tunnel broke ends with an event that says so, which programs take for a service that is busy.
 * Whatever else breaks off breaks off here too.
 */
function breakOff({ response, session, run, isEvents }: Call): void {
  if (isEvents !== true || !session.destroyed) {
    response.destroy();
    return;
  }
  // The empty lines end an event that has only begun.
  response.end(`\n\n${SERVICE_ERRORS[run.protocol].event(GONE)}`);
}

type AnswerHeaders = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** Rejects when the stream ends without an answer, of which a tunnel that breaks makes no error. */
function answered(stream: ClientHttp2Stream): Promise<AnswerHeaders> {
  return new Promise((resolve, reject) => {
    stream.once('response', resolve);
    stream.once('close', () => reject(new Error('the tunnel broke off')));
    stream.on('error', reject);
  });
}

function answerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => isEndToEnd(name)));
}

/** Programs try again after a 503: a manager that is started again takes some seconds. */
function sendError(
  response: ServerResponse,
  protocol: ModelProtocol,
  error: { status: number; message: string },
): void {
  response.writeHead(error.status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(SERVICE_ERRORS[protocol].body(error)));
}
