import type { RunHttpCall } from '#executor-manager/protocol/action';
import { headerNameProblem, isHeaderText } from '#guarded-client/given-header';
import { parseJson } from '#model-protocols/json-value';
import { RunFailure } from '../../run-failure.ts';

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header */
const IDEMPOTENCY_KEY = 'Idempotency-Key';
/** Of a body that is JSON, where nobody says what it is. */
const JSON_TYPE = 'application/json';

/** @throws RunFailure StartFailed that names the header, and never its value, which may be secret. */
export function requestHeaders({ headers: given, body, idempotencyKey }: RunHttpCall): Headers {
  const headers = new Headers();
  for (const { name, value } of given) {
    const problem = headerNameProblem(name);
    if (problem === 'no name') throw wrong(`${JSON.stringify(name)} is no name of a header`);
    if (problem !== undefined) throw wrong(`the header ${name} is ${problem}`);
    if (!isHeaderText(value)) throw wrong(`the header ${name} has a character that a header cannot have`);
    headers.append(name, value);
  }
  if (!headers.has(IDEMPOTENCY_KEY)) headers.set(IDEMPOTENCY_KEY, idempotencyKey);
  if (body !== undefined && !headers.has('content-type')) {
    headers.set('content-type', parseJson(body) !== undefined ? JSON_TYPE : 'text/plain; charset=utf-8');
  }
  return headers;
}

const wrong = (message: string): RunFailure => new RunFailure('StartFailed', message);
