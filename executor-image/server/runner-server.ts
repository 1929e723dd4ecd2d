import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { ProbeRequest, ProbeResult } from '#executor-manager/protocol/probe';
import { RUN_LIMITS } from '#executor-manager/protocol/run';
import type { RunRequest } from '#executor-manager/protocol/run';
import type { RunnerConfig } from '../config.ts';
import { HttpError, badRequest, conflict } from './http-error.ts';
import type { Run } from '../run/run.ts';
import { HeldRuns } from './held-runs.ts';
import { readRunInput, readRunRequest } from './run-request.ts';
import { readProbeRequest } from './probe-request.ts';
import type { SkillShelf } from '../skills/skill-shelf.ts';
import { isAuthorized } from './token.ts';
import { acceptExec, isExecRequest } from './exec-route.ts';
import { acceptPort, isPortRequest } from './port-route.ts';
import { acceptTunnel } from './tunnel-route.ts';
import { WorkspaceRoutes } from './workspace-routes.ts';

export interface RunnerServerOptions {
  config: RunnerConfig;
  /** The part of the runner's environment that programs may see. */
  environment: Record<string, string>;
  /** Throws the system's error when a run cannot even begin. */
  startRun: (id: string, request: RunRequest) => Promise<Run>;
  /** Takes a connection that the executor manager has turned into a tunnel. */
  onTunnel: (socket: Duplex) => void;
  /** Never rejects. */
  probe: (request: ProbeRequest) => Promise<ProbeResult>;
  /** Called when no run is held after one was deleted. */
  onEmpty?: () => void;
  /** Called with each request that shows the token. */
  onCall?: () => void;
  /** The skills of the runtime; absent where it can have none. */
  shelf?: () => Promise<SkillShelf>;
}

export interface RunnerServer {
  port: number;
  /** How many runs are held. */
  runs(): number;
  /** Whether no run goes on and nobody is connected. */
  isAbandoned(): Promise<boolean>;
  /** Cancels what runs, waits for it, and stops listening. */
  /** `silently`: readers are cut off first, and so do not learn how runs end by it. */
  close(how?: { silently: boolean }): Promise<void>;
}

/** The HTTP side of the protocol. Bare node:http: nothing to load before the runner is ready. */
export async function startRunnerServer(options: RunnerServerOptions): Promise<RunnerServer> {
  const { config, environment, startRun, probe, shelf, onTunnel, onEmpty, onCall } = options;
  const { tokenHash, workspace, conversations } = config;
  const runs = new HeldRuns({ startRun, ...(onEmpty && { onEmpty }) });
  const place =
    conversations === undefined
      ? { files: new WorkspaceRoutes({ workspace, environment }) }
      : { limit: conversations };
  const more = { ...(shelf && { shelf }), ...(onCall && { onCall }) };
  const state: ServerState = { tokenHash, runs, probe, ...place, ...more };
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
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const connection = { socket, head };
    // The runs of a shared runner have no ports and programs of their own.
    const isAlone = conversations === undefined;
    if (isAlone && isPortRequest(request)) void acceptPort(tokenHash, request, connection);
    else if (isAlone && isExecRequest(request)) acceptExec(tokenHash, request, socket);
    else acceptTunnel({ tokenHash, onTunnel }, request, connection);
  });
  // A large workspace takes its time to arrive; whoever sends one has shown the token.
  server.requestTimeout = 0;
  server.headersTimeout = 60_000;
  server.listen(config.port, config.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    runs: () => runs.size,
    async isAbandoned() {
      const connections = await new Promise<number>((resolve) =>
        server.getConnections((error, count) => resolve(error === null ? count : 1)),
      );
      return connections === 0 && !(await runs.goesOn());
    },
    async close({ silently } = { silently: false }) {
      if (silently) server.closeAllConnections();
      await runs.cancelAll();
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
  runs: HeldRuns;
  probe: RunnerServerOptions['probe'];
  /** Of a runner with a workspace. */
  files?: WorkspaceRoutes;
  /** Of a shared runner: how many runs it holds at most. */
  limit?: number;
  shelf?: () => Promise<SkillShelf>;
  onCall?: () => void;
}

const RUN_PATH = /^\/v1\/runs\/([A-Za-z0-9][A-Za-z0-9._-]{0,127})(\/events|\/cancel|\/inputs)?$/;
const SKILL_PATH = /^\/v1\/skills\/([0-9a-f]{64})$/;

async function serve(state: ServerState, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isAuthorized(request.headers.authorization, state.tokenHash)) {
    throw new HttpError(401, 'Unauthorized', 'a token is needed');
  }
  state.onCall?.();
  const url = new URL(request.url ?? '/', 'http://runner');
  const [, id = '', part = ''] = RUN_PATH.exec(url.pathname) ?? [];
  const call = `${request.method} ${id === '' ? url.pathname : `run${part}`}`;
  switch (call) {
    case 'GET /v1/ready':
      response.writeHead(204).end();
      return;
    case 'GET /v1/workspace':
      refuseSecondAgent(state);
      await filesOf(state).send(response);
      return;
    case 'PUT /v1/workspace': {
      const { latest } = state.runs;
      if (latest !== undefined) throw conflict(`run ${latest.id} was started on the workspace`);
      await filesOf(state).receive(request, url.searchParams.get('limit'), response);
      return;
    }
    case 'GET /v1/runs':
      sendJson(response, 200, { runs: state.runs.ids() });
      return;
    case 'POST /v1/probe':
      // It would start programs beside the runs of others.
      if (state.limit !== undefined) throw conflict('a shared runner checks nothing');
      sendJson(response, 200, await state.probe(parsed(await readBody(request), readProbeRequest)));
      return;
    default:
      await serveRun(state, { call, id, url, request }, response);
  }
}

interface RunCall {
  /** `METHOD run/PART` for a path of a run. */
  call: string;
  id: string;
  url: URL;
  request: IncomingMessage;
}

async function serveRun(
  state: ServerState,
  { call, id, url, request }: RunCall,
  response: ServerResponse,
): Promise<void> {
  switch (call) {
    case 'DELETE run':
      if (state.files !== undefined) throw conflict('the runs of a workspace stay until the runtime goes');
      await state.runs.discard(id);
      response.writeHead(204).end();
      return;
    case 'PUT run':
      sendJson(response, 200, (await putRun(state, id, request)).state());
      return;
    case 'GET run':
      sendJson(response, 200, (await state.runs.get(id)).state());
      return;
    case 'GET run/events':
      await sendEvents(await state.runs.get(id), numberOf(url.searchParams.get('after')), response);
      return;
    case 'POST run/inputs':
      sendJson(response, 202, (await takeInput(await state.runs.get(id), request)).state());
      return;
    case 'POST run/cancel': {
      const run = await state.runs.get(id);
      run.cancel();
      sendJson(response, 202, run.state());
      return;
    }
    default:
      if (await takeSkill(state, url, { request, response })) return;
      throw new HttpError(404, 'NotFound', 'there is nothing here');
  }
}

/** Throws HttpError for a shared runner, which has no workspace. */
function filesOf({ files }: ServerState): WorkspaceRoutes {
  if (files !== undefined) return files;
  throw new HttpError(404, 'NotFound', 'this runner has no workspace');
}

/** Whether the call was one that puts a skill. */
async function takeSkill(
  { shelf }: ServerState,
  url: URL,
  call: { request: IncomingMessage; response: ServerResponse },
): Promise<boolean> {
  const [, hash] = SKILL_PATH.exec(url.pathname) ?? [];
  if (hash === undefined || call.request.method !== 'PUT' || shelf === undefined) return false;
  const { putSkill } = await import('./skill-routes.ts');
  await putSkill(await shelf(), { hash, name: url.searchParams.get('name') ?? '' }, call);
  return true;
}

async function putRun(state: ServerState, id: string, request: IncomingMessage): Promise<Run> {
  const body = await readBody(request);
  const known = state.runs.find(id);
  if (known !== undefined) return known;
  const runRequest = parsed(body, readRunRequest);
  refuseSecondAgent(state);
  refuseTooMany(state);
  return state.runs.start(id, runRequest);
}

async function takeInput(run: Run, request: IncomingMessage): Promise<Run> {
  const body = await readBody(request);
  const input = parsed(body, readRunInput);
  if (await run.input(input)) return run;
  throw conflict(`the run cannot take an input of type ${input.type} at this moment`);
}

/** Never two live agents on one workspace. */
function refuseSecondAgent({ runs, files }: ServerState): void {
  if (files === undefined) return;
  if (files.busy) throw conflict('the workspace is being read or replaced');
  const { latest } = runs;
  if (latest?.going === true) throw conflict(`run ${latest.id} is not finished`);
}

function refuseTooMany({ runs, limit = Infinity }: ServerState): void {
  if (runs.size < limit) return;
  throw new HttpError(429, 'TooManyRuns', `this runner holds ${runs.size} runs, its limit`);
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
