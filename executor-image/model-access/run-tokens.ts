import { createHash, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const TOKEN_BYTES = 32;

/** The tokens by which a runner knows whose call of a Model it is. Each dies with its run. */
export class RunTokens<Run> {
  /** By the SHA-256 of the token: how long a look-up takes says nothing about a token. */
  readonly #runs = new Map<string, Run>();

  /** A new token of `run`. */
  add(run: Run): { token: string; revoke(): void } {
    const token = randomBytes(TOKEN_BYTES).toString('base64url');
    const key = hashOf(token);
    this.#runs.set(key, run);
    return { token, revoke: () => void this.#runs.delete(key) };
  }

  /** Whose token it is that a request shows, in either of the ways in which model services take a key. */
  runOf(headers: IncomingHttpHeaders): Run | undefined {
    const { 'x-api-key': key, authorization } = headers;
    const bearer = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1];
    // Some programs send both, and one of them empty.
    const token = typeof key === 'string' && key !== '' ? key : bearer;
    return token === undefined ? undefined : this.#runs.get(hashOf(token));
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
