import type { RunHttpCall } from '#executor-manager/protocol/action';
import { parseJson } from '#model-protocols/json-value';
import { RunFailure } from '../../run-failure.ts';

/** Field names and values (RFC 9110, section 5); without line ends, nobody can add a header or begin a body. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** The client sets them; one that a user gives could end the message early, or name another service. */
const OWN = new Set([
  ...['connection', 'content-length', 'expect', 'host', 'keep-alive', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade'],
]);
/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header */
const IDEMPOTENCY_KEY = 'Idempotency-Key';
/** Of a body that is JSON, where nobody says what it is. */
const JSON_TYPE = 'application/json';

/** @throws RunFailure StartFailed that names the header, and never its value, which may be secret. */
export function requestHeaders({ headers: given, body, idempotencyKey }: RunHttpCall): Headers {
  const headers = new Headers();
  for (const { name, value } of given) {
    if (!NAME.test(name)) throw wrong(`${JSON.stringify(name)} is no name of a header`);
    if (OWN.has(name.toLowerCase())) throw wrong(`the header ${name} is the client's own`);
    if (!VALUE.test(value)) throw wrong(`the header ${name} has a character that a header cannot have`);
    headers.append(name, value);
  }
  if (!headers.has(IDEMPOTENCY_KEY)) headers.set(IDEMPOTENCY_KEY, idempotencyKey);
  if (body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', parseJson(body) !== undefined ? JSON_TYPE : 'text/plain; charset=utf-8');
  }
  return headers;
}

const wrong = (message: string): RunFailure => new RunFailure('StartFailed', message);
