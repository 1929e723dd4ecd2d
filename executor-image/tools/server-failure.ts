import { SseError } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPError } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ErrorCode, McpError } from '@modelcontextprotocol/sdk/types.js';
import { describeError } from '../run-failure.ts';
import { cutText } from '../text/cut.ts';

/** connection: it is not there. timeout: it gave no answer. protocol: its answer is not one of the protocol. */
export type FailureKind = 'connection' | 'timeout' | 'protocol';

/** A server that does not do its work, in contrast to a tool that answers with an error. The message is for people. */
export class ToolServerError extends Error {
  override readonly name = 'ToolServerError';
  readonly kind: FailureKind;
  /** Of its answer over HTTP. */
  readonly status: number | undefined;

  constructor(kind: FailureKind, message: string, status?: number) {
    super(message);
    this.kind = kind;
    this.status = status;
  }
}

const SHOWN_BODY_BYTES = 300;

export interface Circumstances {
  /** The limit that was set. */
  seconds: number;
  /** How the server's program ended. */
  end?: string | undefined;
  /** The end of its stderr. */
  words?: string;
}

/** The cause why a connection could not be made. */
export function connectionFailure(
  error: unknown,
  { seconds, end, words = '' }: Circumstances,
): ToolServerError {
  if (end !== undefined) return new ToolServerError('connection', end);
  const said = words === '' ? '' : `; its last words: ${words}`;
  const http = httpFailure(error);
  if (http !== undefined) return http;
  if (error instanceof McpError && error.code === (ErrorCode.RequestTimeout as number)) {
    return new ToolServerError('timeout', `it did not answer \`initialize\` within ${seconds} s${said}`);
  }
  if (isShapeError(error)) {
    return new ToolServerError('protocol', `its answer to \`initialize\` is not one of the protocol${said}`);
  }
  return new ToolServerError('connection', `${describeError(error)}${said}`);
}

/** The cause why a request failed; an error that the server answered comes back as it is. */
export function requestFailure(error: unknown, { seconds, end }: Circumstances): Error {
  const http = httpFailure(error);
  if (http !== undefined) return http;
  if (error instanceof McpError) {
    if (error.code === (ErrorCode.RequestTimeout as number)) {
      return new ToolServerError('timeout', `it did not answer within ${seconds} s`);
    }
    if (error.code === (ErrorCode.ConnectionClosed as number)) {
      return new ToolServerError('connection', end ?? plain(error));
    }
    return error;
  }
  if (isShapeError(error)) return new ToolServerError('protocol', 'its answer is not one of the protocol');
  return new ToolServerError('connection', end ?? describeError(error));
}

/** Whether the server has forgotten the session (transports, section on session management). */
export function isSessionGone(error: unknown): boolean {
  return error instanceof StreamableHTTPError && error.code === 404;
}

/** Whether the answer is that of a server which knows no streamable HTTP (transports, section on compatibility). */
export function isOldServer({ status }: ToolServerError): boolean {
  return status === 400 || status === 404 || status === 405;
}

function httpFailure(error: unknown): ToolServerError | undefined {
  if (!(error instanceof StreamableHTTPError) && !(error instanceof SseError)) return undefined;
  const { code, message } = error;
  // The SDK's own words before the body of the answer, or before the redirect it did not follow.
  const body = message.replace(
    /^.*?(?:Error POSTing to endpoint|Failed to open SSE stream|SSE error): ?/s,
    '',
  );
  const shown = cutText(body.replaceAll(/\s+/g, ' ').trim(), SHOWN_BODY_BYTES);
  if (code === undefined || code < 100) return new ToolServerError('connection', shown);
  return new ToolServerError(
    'connection',
    `it answered HTTP ${code}${shown === '' ? '' : `: ${shown}`}`,
    code,
  );
}

/** McpError puts its code before the message. */
function plain({ message }: McpError): string {
  return message.replace(/^MCP error -?\d+: /, '');
}

function isShapeError(error: unknown): boolean {
  return error instanceof Error && (error.name === 'ZodError' || error.name === '$ZodError');
}
