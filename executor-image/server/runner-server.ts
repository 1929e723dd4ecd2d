import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunRequest } from '#executor-manager/protocol/run';
import type { RunnerConfig } from '../config.ts';
import { HttpError, badRequest, conflict } from './http-error.ts';
import type { Run } from '../run/run.ts';
import { readRunInput, readRunRequest } from './run-request.ts';
import { isAuthorized } from './token.ts';
import { WorkspaceRoutes } from './workspace-routes.ts';

export interface RunnerServerOptions {
  config: RunnerConfig;
  /** The part of the runner's environment that programs may see. */
  environment: Record<string, string>;
  /** Throws the system's error when a run cannot even begin. */
  startRun: (id: string, request: RunRequest) => Promise<Run>;
}

export interface RunnerServer {
  port: number;
  /** Cancels what runs, waits for it, and stops listening. */
  close(): Promise<void>;
}

/** The HTTP side of the protocol. Bare node:http: nothing to load before the runner is ready. */
export async function startRunnerServer(options: RunnerServerOptions): Promise<RunnerServer> {
  const { config, environment, startRun } = options;
  const { tokenHash, workspace } = config;
  const files = new WorkspaceRoutes({ workspace, environment });
  const state: ServerState = { tokenHash, runs: new Map(), current: undefined, startRun, files };
  const server = createServer((request, response) => {
    serve(state, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) response.destroy();
      else
        sendError(
          response,
          error instanceof HttpError ? error : new HttpError(500, 'InternalError', String(error)),
        );
    });
  });
  // A large workspace takes its time to arrive; whoever sends one has shown the token.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.listen(config.port, config.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const starting of state.runs.values()) {
        const run = await starting.catch(() => undefined); // one that never began has told its caller
        run?.cancel();
        await run?.done;
      }
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await Promise.race([closed, endedStreams(server)]);
      server.closeAllConnections();
    },
  };
}

/** Readers get their last events; who does not read them does not hold the runner up. */
const LAST_READ_MS = 1000;

function endedStreams(server: { unref(): unknown }): Promise<void> {
  server.unref();
  return new Promise((resolve) => setTimeout(resolve, LAST_READ_MS));
}

interface ServerState {
  tokenHash: string;
  /** In the order they came; a promise, since two calls with one id may come at once. */
  runs: Map<string, Promise<Run>>;
  /** The last run that was started; without `run` while it begins. */
  current: { id: string; run?: Run } | undefined;
  startRun: RunnerServerOptions['startRun'];
  files: WorkspaceRoutes;
}

const RUN_PATH = /^\/v1\/runs\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})(\/events|\/cancel|\/inputs)?$/;

async function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isAuthorized(request.headers.authorization, state.tokenHash)) {
    throw new HttpError(401, 'Unauthorized', 'a token is needed');
  }
  const url = new URL(request.url ?? '/', 'http://runner');
  const [, id = '', part = ''] = RUN_PATH.exec(url.pathname) ?? [];
  const call = `${request.method} ${id === '' ? url.pathname : `run${part}`}`;
  switch (call) {
    case 'GET /v1/ready':
      response.writeHead(204).end();
      return;
    case 'GET /v1/workspace':
      refuseSecondAgent(state);
      await state.files.send(response);
      return;
    case 'PUT /v1/workspace':
      if (state.current !== undefined) throw conflict(`run ${state.current.id} was started on the workspace`);
      await state.files.receive(request, url.searchParams.get('limit'), response);
      return;
    case 'PUT run':
      sendJson(response, 200, (await putRun(state, id, request)).state());
      return;
    case 'GET run':
      sendJson(response, 200, (await runOf(state, id)).state());
      return;
    case 'GET run/events':
      await sendEvents(await runOf(state, id), numberOf(url.searchParams.get('after')), response);
      return;
    case 'POST run/inputs':
      sendJson(response, 202, (await takeInput(await runOf(state, id), request)).state());
      return;
    case 'POST run/cancel': {
      const run = await runOf(state, id);
      run.cancel();
      sendJson(response, 202, run.state());
      return;
    }
    default:
      throw new HttpError(404, 'NotFound', 'there is nothing here');
  }
}

async function runOf(state: ServerState, id: string): Promise<Run> {
  const run = state.runs.get(id);
  if (run === undefined) throw new HttpError(404, 'NotFound', `run ${id} was not started here`);
  return run;
}

async function putRun(state: ServerState, id: string, request: IncomingMessage): Promise<Run> {
  const body = await readBody(request);
  const known = state.runs.get(id);
  if (known !== undefined) return known;
  const runRequest = parsed(body, readRunRequest);
  refuseSecondAgent(state);
  const started = state.startRun(id, runRequest);
  state.runs.set(id, started);
  state.current = { id };
  try {
    state.current.run = await started;
    return state.current.run;
  } catch (error) {
    state.runs.delete(id);
    state.current = undefined;
    throw error;
  }
}

async function takeInput(run: Run, request: IncomingMessage): Promise<Run> {
  const body = await readBody(request);
  const input = parsed(body, readRunInput);
  if (await run.input(input)) return run;
  throw conflict(`the run cannot take an input of type ${input.type} at this moment`);
}

/** Never two live agents on one workspace. Nothing is waited for here: of two calls at once, one must see the other. */
function refuseSecondAgent({ current, files }: ServerState): void {
  if (files.busy) throw conflict('the workspace is being read or replaced');
  if (current === undefined) return;
  if (current.run === undefined || current.run.state().phase === 'Running') {
    throw conflict(`run ${current.id} is not finished`);
  }
}

function parsed<T>(body: string, read: (value: unknown) => T): T {
  try {
    return read(JSON.parse(body));
  } catch (error) {
    // The parser's own words quote the body, which holds secrets.
    const message = error instanceof SyntaxError ? 'the body is not JSON' : (error as Error).message;
    throw badRequest(message);
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= RUN_LIMITS.requestBytes) chunks.push(chunk);
  }
  // Read to its end all the same: a client that still sends would not see the answer.
  if (size > RUN_LIMITS.requestBytes) {
    throw new HttpError(
      413,
      'TooLarge',
      `a request has at most ${RUN_LIMITS.requestBytes} bytes, not ${size}`,
    );
  }
  return Buffer.concat(chunks).toString('utf8');
}

function numberOf(after: string | null): number {
  const value = Number(after ?? 0);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw badRequest('after must be the number of an event');
  }
  return value;
}

async function sendEvents(run: Run, after: number, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.flushHeaders();
  for await (const piece of run.events.read(after, gone.signal)) {
    if (!response.write(piece)) await once(response, 'drain', { signal: gone.signal });
  }
  response.end();
}

function sendError(response: ServerResponse, { status, reason, message }: HttpError): void {
  sendJson(response, status, { error: { reason, message } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
