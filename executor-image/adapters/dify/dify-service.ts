import type { IncomingMessage } from 'node:http';
import type { RunImage } from '#executor-manager/protocol/run';
import { objectOf, parseJson, textOf } from '#model-protocols/json-value';
import { sleep } from '../../clock.ts';
import { RunFailure, describeError } from '../../run-failure.ts';
import { cutText } from '../../text/cut.ts';
import type { AdapterContext } from '../adapter.ts';
import { MAX_TRIES, firstBytes, retryAfter, sendRequest, waitAfter } from '../service-request.ts';
import type { ServiceRequest } from '../service-request.ts';

/** How a run reaches its application; Dify tells applications by their keys. */
export interface DifyOptions {
  /** With /v1. */
  baseURL: string;
  apiKey: string;
  /** The same for all calls of one conversation: Dify shows it to nobody else. */
  user: string;
  context: Pick<AdapterContext, 'events' | 'clock' | 'signal'>;
}

/** The kinds of applications, by what their API differs in. */
export type AppKind = 'chat' | 'completion' | 'workflow';

/** As /info names them; `advanced-chat` is a chatflow. */
const KINDS: ReadonlyMap<string, AppKind> = new Map([
  ['chat', 'chat'],
  ['agent-chat', 'chat'],
  ['advanced-chat', 'chat'],
  ['completion', 'completion'],
  ['workflow', 'workflow'],
]);

const RUN_PATHS: Readonly<Record<AppKind, string>> = {
  chat: '/chat-messages',
  completion: '/completion-messages',
  workflow: '/workflows/run',
};

const MESSAGE_BYTES = 2000;
const ANSWER_BYTES = 1024 * 1024;
/** Dify says at once that it will stop. */
const STOP_MS = 5000;

/** The answer of a service that is no success. */
interface Refusal {
  /** A sentence for people. */
  message: string;
  /** Whether nothing was begun, so that another try does nothing twice: a workflow has effects. */
  isCurable: boolean;
  waitMs: number | undefined;
}

/** The API of one application: https://docs.dify.ai/api-reference */
export class DifyService {
  readonly #options: DifyOptions;

  constructor(options: DifyOptions) {
    this.#options = options;
  }

  /** The kind of application that the key is of; undefined for a service too old to say. Throws RunFailure ModelError. */
  async appKind(): Promise<{ kind: AppKind | undefined; name: string | undefined }> {
    const { mode, name } = await this.#json(this.#call('GET', '/info'));
    const kind = KINDS.get(textOf(mode) ?? '');
    if (kind === undefined && textOf(mode) !== undefined) {
      throw new RunFailure(
        'StartFailed',
        `Dify has applications of mode "${textOf(mode)}" that cannot be run`,
      );
    }
    return { kind, name: textOf(name) };
  }

  /** Starts a run and gives its stream of events. Throws RunFailure ModelError. */
  open(kind: AppKind, body: Record<string, unknown>): Promise<IncomingMessage> {
    const { user } = this.#options;
    return this.#answer(this.#call('POST', RUN_PATHS[kind], { ...body, user, response_mode: 'streaming' }));
  }

  /** Ends a run, also one that nobody waits for any more. Rejects never: it may have ended. */
  async stop(kind: AppKind, taskID: string): Promise<void> {
    const { user } = this.#options;
    const task = encodeURIComponent(taskID);
    const path = kind === 'workflow' ? `/workflows/tasks/${task}/stop` : `${RUN_PATHS[kind]}/${task}/stop`;
    const signal = AbortSignal.timeout(STOP_MS);
    try {
      (await sendRequest({ ...this.#call('POST', path, { user }), signal })).resume();
    } catch (error) {
      const text = `Dify could not be told to stop: ${describeError(error)}`;
      this.#options.context.events.emit('log', { stream: 'agent', text });
    }
  }

  /** Uploads a picture; its id there. Throws RunFailure ModelError. */
  async upload({ mediaType, data }: RunImage, index: number): Promise<string> {
    const form = new FormData();
    const name = `image-${index + 1}.${mediaType.slice('image/'.length)}`;
    form.set('file', new Blob([Buffer.from(data, 'base64')], { type: mediaType }), name);
    form.set('user', this.#options.user);
    const packed = new Response(form);
    const headers = { ...this.#headers(), 'content-type': packed.headers.get('content-type') ?? '' };
    const body = new Uint8Array(await packed.arrayBuffer());
    const { id } = await this.#json({ ...this.#call('POST', '/files/upload'), headers, body });
    const found = textOf(id);
    if (found !== undefined) return found;
    throw new RunFailure('ModelError', 'Dify took a picture and did not say its id');
  }

  #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#options.apiKey}` };
  }

  #call(method: 'GET' | 'POST', path: string, body?: Record<string, unknown>): ServiceRequest {
    const { baseURL, context } = this.#options;
    return {
      method,
      url: `${baseURL.replace(/\/+$/, '')}${path}`,
      headers: { ...this.#headers(), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: context.signal,
    };
  }

  async #json(call: ServiceRequest): Promise<Record<string, unknown>> {
    const answer = await this.#answer(call);
    return objectOf(parseJson(await firstBytes(answer, call.signal, ANSWER_BYTES)));
  }

  /** The first answer that is no refusal; tries again where that can help. */
  async #answer(call: ServiceRequest): Promise<IncomingMessage> {
    const { events, clock, signal } = this.#options.context;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#attempt(call);
      if (!('message' in answer)) return answer;
      if (!answer.isCurable || attempt === MAX_TRIES) throw new RunFailure('ModelError', answer.message);
      const waitMs = waitAfter(attempt, answer.waitMs);
      const text = `${answer.message}; try ${attempt} of ${MAX_TRIES - 1} in ${(waitMs / 1000).toFixed(1)} s`;
      events.emit('log', { stream: 'agent', text });
      await sleep(clock, waitMs, signal);
    }
  }

  async #attempt(call: ServiceRequest): Promise<IncomingMessage | Refusal> {
    let answer: IncomingMessage;
    try {
      answer = await sendRequest(call);
    } catch (error) {
      call.signal.throwIfAborted();
      const message = `Dify cannot be reached: ${describeError(error)}`;
      const isCurable = (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
      return { message, isCurable, waitMs: undefined };
    }
    const { statusCode: status = 0 } = answer;
    if (status >= 200 && status < 300) return answer;
    const { code, message } = objectOf(parseJson(await firstBytes(answer, call.signal)));
    const words = cutText(textOf(message) ?? 'no message', MESSAGE_BYTES);
    return {
      isCurable: status === 429 || status === 503,
      message: `Dify answered ${status}${textOf(code) === undefined ? '' : ` (${textOf(code)})`}: ${words}`,
      waitMs: retryAfter(answer),
    };
  }
}
