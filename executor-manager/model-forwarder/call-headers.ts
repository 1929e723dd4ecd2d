import type { IncomingHttpHeaders } from 'node:http2';
import { isEndToEnd } from '../protocol/tunnel.ts';
import { credentialBetas, credentialHeaders } from './credential-headers.ts';
import type { RealModel } from './credential-headers.ts';

/**
 * The headers of an agent that go to a service: those by which the clients of the two makers say what they send and
 * what they understand. An allow-list: gateways take commands in headers, such as the address that they send the key to.
 */
const PASSED: ReadonlySet<string> = new Set([
  ...['accept', 'accept-language', 'content-type', 'content-length', 'user-agent', 'idempotency-key'],
  ...['anthropic-version', 'anthropic-beta', 'anthropic-dangerous-direct-browser-access'],
  ...['openai-beta', 'originator', 'version', 'session_id', 'session-id', 'conversation_id'],
  ...['x-app', 'x-claude-code-session-id', 'x-request-id'],
]);
/** Headers by which the makers' libraries tell of themselves. */
const PASSED_PREFIX = 'x-stainless-';

/** Of an answer, and of no use, or of a wrong one, behind the forwarder. */
const KEPT_BACK: ReadonlySet<string> = new Set([
  ...['content-length', 'set-cookie', 'alt-svc', 'strict-transport-security', 'server', 'via'],
]);

/**
 * By which a call is found in the log of its service: the run, and a number that no other call has. An id that an agent
 * made up would tell nobody who asked. https://platform.openai.com/docs/api-reference/debugging-requests
 */
export const CALL_ID_HEADER = 'x-client-request-id';

/** The headers of a call as the service gets them. @throws StatusError BadRequest, see credentialHeaders. */
export function callHeaders(given: IncomingHttpHeaders, model: RealModel): Record<string, string> {
  const passed = Object.entries(given).flatMap(([name, value]) =>
    typeof value === 'string' && (PASSED.has(name) || name.startsWith(PASSED_PREFIX))
      ? [[name, value] as const]
      : [],
  );
  const headers: Record<string, string> = {
    ...Object.fromEntries(passed),
    // Read on the way, where a key that is told back is taken out.
    'accept-encoding': 'identity',
    ...credentialHeaders(model),
    ...model.headers,
  };
  const betas = [headers['anthropic-beta'], ...credentialBetas(model)].filter((value) => value !== undefined);
  return betas.length === 0 ? headers : { ...headers, 'anthropic-beta': betas.join(',') };
}

/** The headers of an answer as the agent gets them; `clean` takes secrets out of a text. */
export function answerHeaders(
  given: Record<string, string | string[] | undefined>,
  clean: (text: string) => string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => {
      if (value === undefined || !isEndToEnd(name) || KEPT_BACK.has(name)) return [];
      return [[name, clean(typeof value === 'string' ? value : value.join(', '))] as const];
    }),
  );
}
