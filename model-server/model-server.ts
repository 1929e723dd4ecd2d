import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { sleep, systemClock } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { describeError } from '#api/machinery/logger';
import type { Logger } from '#api/machinery/logger';
import { collectAnswer } from '#model-protocols/answer';
import type { FailureKind } from '#model-protocols/failure';
import { InvalidRequestError } from '#model-protocols/invalid-request';
import { isObject } from '#model-protocols/json-value';
import type { JsonObject } from '#model-protocols/json-value';
import { anthropicService } from './anthropic.ts';
import { estimateTokens } from './conversation.ts';
import type { Conversation } from './conversation.ts';
import { embeddingsOf } from './embeddings.ts';
import { createMatcher } from './match.ts';
import type { Matcher } from './match.ts';
import { openaiService } from './openai.ts';
import { responsesService } from './responses.ts';
import type { Script, ScriptedError } from './script.ts';
import { answerParts } from './service.ts';
import type { Service } from './service.ts';
import { streamAnswer } from './stream-answer.ts';

export interface ModelServerOptions {
  host: string;
  /** 0 for any free port. */
  port: number;
  script: Script;
  logger: Logger;
  clock?: Clock;
  /** Hears of each call that a rule answers, and by what it returns of its end; for whoever proves who asked, and when. */
  onCall?: (call: ServedCall) => (end: CallEnd) => void;
}

export interface ServedCall extends Conversation {
  /** Name of the rule. */
  rule: string;
}

/** Whether the client has got all of the answer, or has left before. */
export type CallEnd = 'answered' | 'left';

export interface ModelServer {
  /** Base URL for all protocols, without a path. */
  url: string;
  /** Ends all connections, hanging ones too. */
  close(): Promise<void>;
}

/** The services' own limit is 32 MB. */
const MOST_BYTES = 32 * 1024 * 1024;

/** Serves a script as a model. Throws the system's error when the address cannot be listened on. */
export async function startModelServer(options: ModelServerOptions): Promise<ModelServer> {
  const context: Context = {
    script: options.script,
    matcher: createMatcher(options.script),
    logger: options.logger.with({ component: 'model-server' }),
    clock: options.clock ?? systemClock,
    onCall: options.onCall ?? (() => () => undefined),
    answers: 0,
  };
  const server = createServer((request, response) => {
    serve(context, request, response).catch((error: unknown) => {
      if (response.destroyed) return; // the client went away, which ends the answer
      context.logger.error('request failed', { path: request.url, error: describeError(error) });
      response.destroy();
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  const host = family === 'IPv6' ? `[${address}]` : address;
  return { url: `http://${host}:${port}`, close: () => close(server) };
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}

interface Context {
  script: Script;
  matcher: Matcher;
  logger: Logger;
  clock: Clock;
  onCall: Required<ModelServerOptions>['onCall'];
  answers: number;
}

const SERVICES: ReadonlyMap<string, Service> = new Map([
  ['/messages', anthropicService],
  ['/chat/completions', openaiService],
  ['/responses', responsesService],
  // Its errors are those of its maker's other APIs.
  ['/embeddings', openaiService],
]);

async function serve(context: Context, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Base URLs come with and without /v1, and clients add their own; any number of them is the same place.
  const path = (request.url ?? '/')
    .replace(/\?.*$/, '')
    .replace(/^(\/v1)+(?=\/)/, '')
    .replace(/\/+$/, '');
  const call = `${request.method} ${path}`;
  const service = SERVICES.get(path) ?? anthropicService;
  try {
    await route(context, { call, service, request, response });
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    sendError(response, service, { status: 400, message: error.message });
  }
}

async function route(
  context: Context,
  { call, service, request, response }: Exchange & { call: string; service: Service },
): Promise<void> {
  if (/^POST \/(messages|chat\/completions|responses)$/.test(call)) {
    return answer(context, service, { request, response });
  }
  if (call === 'POST /embeddings') return sendJson(response, 200, embeddingsOf(await readBody(request)));
  if (call === 'POST /messages/count_tokens') {
    return sendJson(response, 200, { input_tokens: estimateTokens(await readBody(request)) });
  }
  if (call === 'GET /models') return sendJson(response, 200, modelList(context.script));
  if (/^(GET|HEAD) (\/v1)?$/.test(call)) return sendJson(response, 200, { service: 'troupe model-server' });
  return sendError(response, anthropicService, { status: 404, message: `no such path: ${call}` });
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
}

async function answer(context: Context, service: Service, { request, response }: Exchange): Promise<void> {
  const callID = request.headers['x-client-request-id'];
  const conversation: Conversation = {
    ...service.read(await readBody(request)),
    ...(typeof callID === 'string' ? { callID } : {}),
  };
  const match = context.matcher.answer(conversation);
  context.logger.debug('answered', {
    protocol: service.protocol.name,
    rule: match?.rule ?? 'none',
    model: conversation.model,
    turn: conversation.turn,
    tools: conversation.tools.length,
  });
  if (match === undefined) {
    // 404 rather than 400: clients do not try it again and show the message as it is.
    const message = `no rule of the script matches turn ${conversation.turn} of "${conversation.prompt.slice(0, 120)}"`;
    return sendError(response, service, { status: 404, message });
  }
  const ended = context.onCall({ ...conversation, rule: match.rule });
  const gone = new AbortController();
  response.once('close', () => {
    ended(response.writableFinished ? 'answered' : 'left');
    gone.abort(new Error('connection closed'));
  });
  const { step } = match;
  const { protocol } = service;
  if (step.delayMs > 0) await sleep(context.clock, step.delayMs, gone.signal);
  if (step.error !== undefined) return sendError(response, service, step.error);
  const parts = answerParts(service, { conversation, step, id: ++context.answers });
  if (conversation.stream) {
    return streamAnswer(response, { parts, step, protocol, clock: context.clock, signal: gone.signal });
  }
  if (step.failure !== undefined) {
    const { kind, message } = step.failure;
    return sendError(response, service, { status: STATUSES[kind], message });
  }
  if (step.ending === 'complete') {
    return sendJson(response, 200, protocol.writeWhole(collectAnswer(parts)));
  }
  if (step.ending === 'close') response.destroy();
}

/** Of an answer that is not a stream, which says with its status that it failed. */
const STATUSES: Readonly<Record<FailureKind, number>> = {
  auth: 401,
  notFound: 404,
  invalid: 400,
  tooLong: 413,
  refused: 400,
  quota: 402,
  rateLimited: 429,
  timeout: 408,
  overloaded: 529,
  malformed: 500,
  failed: 500,
};

async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new InvalidRequestError('the request is larger than 32 MB');
    chunks.push(chunk);
  }
  let body: unknown;
  try {
    body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new InvalidRequestError('the body is not JSON');
  }
  if (!isObject(body)) throw new InvalidRequestError('the body is not a JSON object');
  return body;
}

/** One list that clients of either protocol can read. */
function modelList(script: Script): unknown {
  const data = script.models.map((id) => ({
    id,
    type: 'model',
    object: 'model',
    display_name: id,
    created: 0,
    created_at: '1970-01-01T00:00:00Z',
    owned_by: 'script',
  }));
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: script.models[0] ?? null,
    last_id: script.models.at(-1) ?? null,
  };
}

function sendError(response: ServerResponse, { protocol }: Service, error: ScriptedError): void {
  if (error.retryAfter !== undefined) response.setHeader('retry-after', String(error.retryAfter));
  sendJson(response, error.status, protocol.errorBody(error));
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
