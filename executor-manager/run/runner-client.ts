import type { Readable } from 'node:stream';
import { hostAndPort } from '#api/machinery/host-port';
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import { readLines } from '#api/client/line-stream';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { ignoreNotFound, StatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import type { RuntimeAddress } from '../drivers/driver.ts';
import type { ProbeRequest } from '../protocol/probe.ts';
import { RUN_LIMITS } from '../protocol/run.ts';
import type { RunEvent, RunInput, RunRequest, RunState } from '../protocol/run.ts';

/**
 * The runner of one runtime. What comes from there is not trusted: it is only data, of limited size.
 * Errors are StatusError: ServiceUnavailable when it does not answer, else by the status of its answer.
 */
export interface RunnerClient {
  /** Resolves when runs can be started. Throws StatusError Timeout after `limitMs`, or the signal's reason. */
  ready(limitMs: number, signal: AbortSignal): Promise<void>;
  /** Idempotent. */
  start(id: string, request: RunRequest): Promise<RunState>;
  /** Undefined when there is no such run. */
  get(id: string): Promise<RunState | undefined>;
  /** Events after `after` in order, until the run's last one; a broken stream throws. */
  events(id: string, after: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  cancel(id: string): Promise<void>;
  /** Throws StatusError Conflict when the run cannot take it. */
  input(id: string, input: RunInput): Promise<void>;
  /** Ids of the runs that it holds. */
  list(): Promise<string[]>;
  /** Ends a run of a shared runner and forgets it; idempotent. */
  remove(id: string): Promise<void>;
  /** Replaces the workspace by a tar archive; how many of its entries were left out. */
  replaceWorkspace(archive: Readable, options: { limitBytes: number; signal: AbortSignal }): Promise<number>;
  /** Gives the runner a skill; idempotent. Throws StatusError BadRequest when it refuses the package. */
  putSkill(skill: { name: string; hash: string; zip: Buffer; signal: AbortSignal }): Promise<void>;
  /** The workspace as a tar archive; undefined when it is empty. Throws StatusError Conflict while a run goes on. */
  readWorkspace(signal: AbortSignal): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Checks something in place of a run; takes as long as the request says. */
  probe(request: ProbeRequest, signal: AbortSignal): Promise<unknown>;
  close(): Promise<void>;
}

export interface RunnerClientOptions {
  address: RuntimeAddress;
  token: string;
  clock: Clock;
  /** Connections that others use too, and close; absent: its own ones. */
  pool?: Dispatcher;
}

const ANSWER_MS = 30_000;
const SHORTEST_WAIT_MS = 3;
const LONGEST_WAIT_MS = 200;

const REASONS: ReadonlyMap<number, StatusReason> = new Map([
  [400, 'BadRequest'],
  [401, 'Unauthorized'],
  [404, 'NotFound'],
  [409, 'Conflict'],
  [413, 'RequestEntityTooLarge'],
  [429, 'TooManyRequests'],
]);

interface Call {
  method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  path: string;
  /** JSON. */
  body?: unknown;
  /** In place of `body`: bytes, which may take as long as they like. */
  archive?: Readable;
  /** In place of `body`. */
  bytes?: Buffer;
  signal?: AbortSignal;
  /** Milliseconds until the answer begins, where the usual is too short. */
  answerMs?: number;
  /** The answer's body may take as long as the run. */
  stream?: boolean;
}

/** Connections to one runner. */
export function runnerPool(): Dispatcher {
  return new Agent({ connect: { timeout: 5000 }, headersTimeout: ANSWER_MS });
}

export function createRunnerClient(options: RunnerClientOptions): RunnerClient {
  const { address, token } = options;
  const { host, port, hint } = address;
  const pool = options.pool ?? runnerPool();
  const origin = `http://${hostAndPort(host, port)}`;
  const send: Send = (call) => request({ pool, origin, token }, call);
  return {
    ready: (limitMs, signal) =>
      waitUntilReady({ limitMs, where: `${host}:${port}`, hint, signal, clock: options.clock }, async () => {
        await (await send({ method: 'GET', path: '/v1/ready', signal })).body.dump();
      }),
    start: (id, request) => readState(send, { method: 'PUT', path: runPath(id), body: request }),
    get: (id) => ignoreNotFound(readState(send, { method: 'GET', path: runPath(id) })),
    events: (id, after, signal) => readEvents(send, `${runPath(id)}/events?after=${after}`, signal),
    async cancel(id) {
      await (await send({ method: 'POST', path: `${runPath(id)}/cancel` })).body.dump();
    },
    async input(id, input) {
      await (await send({ method: 'POST', path: `${runPath(id)}/inputs`, body: input })).body.dump();
    },
    async list() {
      const { runs } = await readJSON<{ runs: unknown }>(send, { method: 'GET', path: '/v1/runs' });
      return Array.isArray(runs) ? runs.filter((id) => typeof id === 'string') : [];
    },
    async remove(id) {
      await (await send({ method: 'DELETE', path: runPath(id) })).body.dump();
    },
    async replaceWorkspace(archive, { limitBytes, signal }) {
      const path = `/v1/workspace?limit=${limitBytes}`;
      const { leftOut } = await readJSON<{ leftOut: unknown }>(send, {
        method: 'PUT',
        path,
        archive,
        signal,
      });
      return typeof leftOut === 'number' ? leftOut : 0;
    },
    async putSkill({ name, hash, zip, signal }) {
      const path = `/v1/skills/${hash}?name=${encodeURIComponent(name)}`;
      await (await send({ method: 'PUT', path, bytes: zip, signal })).body.dump();
    },
    async readWorkspace(signal) {
      const answer = await send({ method: 'GET', path: '/v1/workspace', signal });
      if (answer.statusCode !== 204) return translated(answer.body, signal);
      await answer.body.dump();
      return undefined;
    },
    probe: (body, signal) =>
      readJSON(send, {
        method: 'POST',
        path: '/v1/probe',
        body,
        signal,
        answerMs: body.timeoutSeconds * 1000 + ANSWER_MS,
      }),
    close: () => (options.pool === undefined ? pool.destroy() : Promise.resolve()),
  };
}

type Send = (call: Call) => Promise<Dispatcher.ResponseData>;

const runPath = (id: string): string => `/v1/runs/${encodeURIComponent(id)}`;

interface RunnerPlace {
  pool: Dispatcher;
  origin: string;
  token: string;
}

async function request(to: RunnerPlace, call: Call): Promise<Dispatcher.ResponseData> {
  const json = call.body === undefined ? undefined : JSON.stringify(call.body);
  const body = call.archive ?? call.bytes ?? json;
  try {
    const answer = await to.pool.request({
      origin: to.origin,
      method: call.method,
      path: call.path,
      headers: {
        authorization: `Bearer ${to.token}`,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      ...(call.archive === undefined ? {} : { headersTimeout: 0 }),
      ...(call.answerMs === undefined ? {} : { headersTimeout: call.answerMs }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      bodyTimeout: call.stream === true ? 0 : ANSWER_MS,
    });
    if (answer.statusCode < 400) return answer;
    throw answerError(answer.statusCode, await readText(answer.body));
  } catch (error) {
    call.archive?.destroy();
    throw translate(error, call.signal);
  }
}

function readState(send: Send, call: Call): Promise<RunState> {
  return readJSON<RunState>(send, call);
}

async function readJSON<T>(send: Send, call: Call): Promise<T> {
  const answer = await send(call);
  try {
    return JSON.parse(await readText(answer.body)) as T;
  } catch (error) {
    throw translate(error, call.signal);
  }
}

async function* translated(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } catch (error) {
    throw translate(error, signal);
  }
}

/** An agent that took over its runner must not be able to fill our memory. */
async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > RUN_LIMITS.requestBytes)
      throw new StatusError('BadRequest', 'runner: the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* readEvents(
  send: Send,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<RunEvent, void, undefined> {
  try {
    const answer = await send({ method: 'GET', path, signal, stream: true });
    for await (const line of readLines(answer.body, RUN_LIMITS.requestBytes))
      yield JSON.parse(line) as RunEvent;
  } catch (error) {
    throw translate(error, signal);
  }
}

/**
 * Asks again after a tenth of the time waited so far, within 3 and 200 ms: a runner needs some tens of milliseconds,
 * and the user waits for each one.
 */
async function waitUntilReady(
  wait: Wait & { signal: AbortSignal; clock: Clock },
  ask: () => Promise<void>,
): Promise<void> {
  const began = wait.clock.now();
  for (;;) {
    wait.signal.throwIfAborted();
    try {
      await ask();
      return;
    } catch (error) {
      wait.signal.throwIfAborted();
      // Whoever refuses the token is not our runner, or never becomes it.
      if (error instanceof StatusError && error.reason === 'Unauthorized') throw error;
      if (wait.clock.now() - began >= wait.limitMs) {
        throw notReady(wait, error);
      }
    }
    const tenth = (wait.clock.now() - began) / 10;
    const pause = Math.min(Math.max(tenth, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    await sleep(wait.clock, pause, wait.signal);
  }
}

interface Wait {
  limitMs: number;
  where: string;
  hint: string | undefined;
}

/** Refused at its port for all the time, it may listen where this process does not reach it: its driver knows why. */
function notReady({ limitMs, where, hint }: Wait, cause: unknown): StatusError {
  const code = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code;
  const refused = code === 'ECONNREFUSED' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'EHOSTUNREACH';
  const how = `nothing answers at ${where}${hint === undefined ? '' : ` (${hint})`}`;
  const text = `the runner did not become ready within ${limitMs / 1000} s${refused ? `: ${how}` : ''}`;
  return new StatusError('Timeout', text, { cause });
}

function answerError(status: number, text: string): StatusError {
  let message = `HTTP ${status}`;
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown } };
    if (typeof error?.message === 'string') message = error.message.slice(0, 1000);
  } catch {
    // Not JSON: the status says all there is.
  }
  return new StatusError(REASONS.get(status) ?? 'InternalError', `runner: ${message}`);
}

function translate(error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) return signal.reason as Error;
  if (error instanceof StatusError) return error;
  return new StatusError('ServiceUnavailable', 'the runner does not answer', { cause: error });
}
