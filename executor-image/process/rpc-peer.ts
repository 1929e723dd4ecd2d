import { describeError } from '../run-failure.ts';

/** An error that the other side answered with. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** https://www.jsonrpc.org/specification#error_object */
const METHOD_NOT_FOUND = -32_601;
const INTERNAL_ERROR = -32_603;

export interface RpcPeerOptions {
  /** Sends one message, without a newline. */
  send: (message: string) => void;
  onNotification: (method: string, params: Record<string, unknown>) => void;
  /**
   * Answers a request of the other side; undefined for a method that is not known. Its rejection is the answer's
   * error.
   */
  onRequest: (method: string, params: Record<string, unknown>) => Promise<unknown> | undefined;
}

/** One end of a JSON-RPC 2.0 connection over lines, on which both sides may ask. */
export interface RpcPeer {
  /** Takes a line from the other side; false for one that is no message. */
  take(line: string): boolean;
  /** Rejects with RpcError, or with the reason given to `close`. */
  call(method: string, params: unknown): Promise<Record<string, unknown>>;
  notify(method: string, params: unknown): void;
  /** Nothing comes any more: calls that wait reject. */
  close(reason: Error): void;
}

interface Waiting {
  resolve: (result: Record<string, unknown>) => void;
  reject: (error: Error) => void;
}

export function createRpcPeer(options: RpcPeerOptions): RpcPeer {
  const waiting = new Map<unknown, Waiting>();
  let closed: Error | undefined;
  let lastId = 0;
  const send = (message: object): void => options.send(JSON.stringify({ jsonrpc: '2.0', ...message }));
  return {
    take(line) {
      const message = messageOf(line);
      if (message === undefined) return false;
      if (typeof message['method'] === 'string') takeAsked(message, options, send);
      else takeAnswer(message, waiting);
      return true;
    },
    call(method, params) {
      if (closed !== undefined) return Promise.reject(closed);
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      });
    },
    notify: (method, params) => send({ method, params }),
    close(reason) {
      closed ??= reason;
      for (const { reject } of waiting.values()) reject(closed);
      waiting.clear();
    },
  };
}

type Message = Record<string, unknown>;

function messageOf(line: string): Message | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // whatever the program's tools have written there
  }
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Message)
    : undefined;
}

function takeAsked(
  { id, method, params }: Message,
  { onNotification, onRequest }: RpcPeerOptions,
  send: (message: object) => void,
): void {
  const given = objectOf(params);
  const name = String(method);
  if (id === undefined || id === null) {
    onNotification(name, given);
    return;
  }
  const answer = onRequest(name, given);
  if (answer === undefined) {
    send({ id, error: { code: METHOD_NOT_FOUND, message: `${name} is not known here` } });
    return;
  }
  answer.then(
    (result) => send({ id, result }),
    (error: unknown) => send({ id, error: { code: INTERNAL_ERROR, message: describeError(error) } }),
  );
}

function takeAnswer({ id, result, error }: Message, waiting: Map<unknown, Waiting>): void {
  const asked = waiting.get(id);
  waiting.delete(id);
  if (error === undefined || error === null) return asked?.resolve(objectOf(result));
  const { code, message } = objectOf(error);
  asked?.reject(new RpcError(Number(code ?? INTERNAL_ERROR), String(message ?? 'no message')));
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
