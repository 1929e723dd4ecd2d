import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * A Dify service with the API that is documented at https://docs.dify.ai/api-reference: what is answered to whom, and in
 * which form. What an application says is the test's.
 */
export interface DifyTestService extends AsyncDisposable {
  /** Without /v1. */
  url: string;
  /** Bodies of the runs that were asked for, in order. */
  runs: JsonObject[];
  /** Tasks that were stopped, with the users who did it. */
  stopped: { path: string; user: unknown }[];
  /** Pictures that were uploaded. */
  uploads: { user: unknown; name: string; type: string; size: number }[];
}

type JsonObject = Record<string, unknown>;

/** The modes of /info. */
export type DifyMode = 'chat' | 'agent-chat' | 'advanced-chat' | 'completion' | 'workflow';

/** A part of an answer. */
export type DifyStep =
  /** An event; `task_id` and what else each event of its kind has is put beside it. */
  | { event: string; [field: string]: unknown }
  /** Bytes as they are. */
  | { raw: string }
  /** The connection ends here. */
  | { close: true }
  /** Nothing more comes until the run is stopped. */
  | { hang: true };

export interface DifyApp {
  mode: DifyMode;
  /** Answers a run; an error in place of it is the answer's status and body. */
  reply(
    body: JsonObject,
  ): DifyStep[] | { status: number; body: JsonObject; headers?: Record<string, string> };
}

interface Running {
  user: unknown;
  stop: () => void;
}

/** `apps` by their keys. */
export async function difyService(apps: Record<string, DifyApp>): Promise<DifyTestService> {
  const state: State = {
    apps,
    runs: [],
    stopped: [],
    uploads: [],
    running: new Map(),
    conversations: new Map(),
  };
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { runs, stopped, uploads } = state;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...{ runs, stopped, uploads },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

interface State {
  apps: Record<string, DifyApp>;
  runs: JsonObject[];
  stopped: DifyTestService['stopped'];
  uploads: DifyTestService['uploads'];
  /** By task. */
  running: Map<string, Running>;
  /** The user of each conversation. */
  conversations: Map<string, unknown>;
}

/** An answer that is no success, as Dify has them all. */
class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const RUNS: Record<string, { modes: readonly DifyMode[]; otherwise: string }> = {
  '/v1/chat-messages': { modes: ['chat', 'agent-chat', 'advanced-chat'], otherwise: 'not_chat_app' },
  '/v1/completion-messages': { modes: ['completion'], otherwise: 'app_unavailable' },
  '/v1/workflows/run': { modes: ['workflow'], otherwise: 'not_workflow_app' },
};
const STOP = /^\/v1\/(?:(?:chat|completion)-messages|workflows\/tasks)\/([^/]+)\/stop$/;

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const bytes = await buffer(request);
  try {
    await answer(state, { request, response, bytes });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { status, code, message } = error;
    sendJson(response, status, { code, message, status });
  }
}

interface Asked {
  request: IncomingMessage;
  response: ServerResponse;
  bytes: Buffer;
}

async function answer(state: State, asked: Asked): Promise<void> {
  const { request, response } = asked;
  const key = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const app = state.apps[key];
  if (app === undefined) throw new Refused(401, 'unauthorized', 'Access token is invalid');
  const { pathname } = new URL(request.url ?? '/', 'http://dify');
  if (request.method === 'GET' && pathname === '/v1/info') {
    sendJson(response, 200, { name: `the ${app.mode}`, description: '', tags: [], mode: app.mode });
    return;
  }
  if (request.method === 'POST' && pathname === '/v1/files/upload') {
    await upload(state, asked);
    return;
  }
  await answerCall(state, app, { ...asked, pathname });
}

/** A run, or the end of one. */
async function answerCall(
  state: State,
  app: DifyApp,
  { pathname, ...asked }: Asked & { pathname: string },
): Promise<void> {
  const { request, response, bytes } = asked;
  const run = RUNS[pathname];
  const task = STOP.exec(pathname)?.[1];
  if (request.method !== 'POST' || (run === undefined && task === undefined)) {
    throw new Refused(404, 'not_found', 'The requested URL was not found on the server.');
  }
  const body = JSON.parse(bytes.toString('utf8')) as JsonObject;
  if (typeof body['user'] !== 'string' || body['user'] === '') {
    throw new Refused(400, 'invalid_param', 'Arg user must be provided.');
  }
  if (task !== undefined) stop(state, { task, pathname, user: body['user'], response });
  else if (run !== undefined && run.modes.includes(app.mode)) await play(state, app, { ...asked, body });
  else
    throw new Refused(
      400,
      run?.otherwise ?? '',
      'Please check if your app mode matches the right API route.',
    );
}

async function upload(state: State, { request, response, bytes }: Asked): Promise<void> {
  const headers = { 'content-type': request.headers['content-type'] ?? '' };
  const form = await new Response(new Uint8Array(bytes), { headers }).formData();
  const file = form.get('file');
  if (!(file instanceof File)) throw new Refused(400, 'no_file_uploaded', 'Please upload your file.');
  state.uploads.push({ user: form.get('user'), name: file.name, type: file.type, size: file.size });
  sendJson(response, 201, { id: `file-${state.uploads.length}`, name: file.name, size: file.size });
}

/** Only whoever started a run can stop it; anything else is answered alike and has no effect. */
function stop(
  { running, stopped }: State,
  {
    task,
    pathname,
    user,
    response,
  }: { task: string; pathname: string; user: unknown; response: ServerResponse },
): void {
  const found = running.get(decodeURIComponent(task));
  if (found !== undefined && found.user === user) {
    stopped.push({ path: pathname, user });
    found.stop();
  }
  sendJson(response, 200, { result: 'success' });
}

async function play(
  state: State,
  app: DifyApp,
  { response, body }: Asked & { body: JsonObject },
): Promise<void> {
  checkBody(state, app, body);
  state.runs.push(body);
  const steps = app.reply(body);
  if (!Array.isArray(steps)) {
    sendJson(response, steps.status, steps.body, steps.headers);
    return;
  }
  const task = randomUUID();
  const stopping = Promise.withResolvers<void>();
  state.running.set(task, { user: body['user'], stop: stopping.resolve });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const common = commonFields(state, app, { task, body });
  const send = (event: JsonObject): void =>
    void response.write(`data: ${JSON.stringify({ ...common, ...event })}\n\n`);
  for (const step of steps) {
    if ('raw' in step) response.write(step.raw);
    else if ('close' in step) {
      // What was written before goes out first.
      response.write('\n', () => response.destroy());
      return;
    } else if ('hang' in step) {
      // Whoever cuts the connection does not stop it.
      await stopping.promise;
      const data = { status: 'stopped', outputs: {}, total_tokens: 0 };
      send(
        app.mode === 'workflow'
          ? { event: 'workflow_finished', data }
          : { event: 'message_end', metadata: {} },
      );
    } else send(step);
  }
  state.running.delete(task);
  response.end();
}

function checkBody({ conversations }: State, app: DifyApp, body: JsonObject): void {
  if (body['response_mode'] !== 'streaming' && app.mode === 'agent-chat') {
    throw new Refused(400, 'invalid_param', 'Agent Chat App does not support blocking mode');
  }
  if (typeof body['inputs'] !== 'object')
    throw new Refused(400, 'invalid_param', 'Arg inputs must be provided.');
  if (app.mode !== 'completion' && app.mode !== 'workflow' && typeof body['query'] !== 'string') {
    throw new Refused(400, 'invalid_param', 'Arg query must be provided.');
  }
  const conversation = body['conversation_id'];
  if (typeof conversation === 'string' && conversations.get(conversation) !== body['user']) {
    throw new Refused(404, 'not_found', 'Conversation Not Exists.');
  }
}

/** The fields that each event of an application has. */
function commonFields(
  { conversations }: State,
  app: DifyApp,
  { task, body }: { task: string; body: JsonObject },
): JsonObject {
  if (app.mode === 'workflow') return { task_id: task, workflow_run_id: randomUUID() };
  const message = { task_id: task, message_id: randomUUID(), created_at: 1_705_395_332 };
  if (app.mode === 'completion') return message;
  const known = body['conversation_id'];
  const conversation = typeof known === 'string' && known !== '' ? known : randomUUID();
  conversations.set(conversation, body['user']);
  return { ...message, conversation_id: conversation };
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
