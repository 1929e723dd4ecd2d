import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../machinery/clock.ts';
import type { Logger } from '../machinery/logger.ts';
import { startRounds } from '../machinery/rounds.ts';
import type { Rounds } from '../machinery/rounds.ts';
import type { Transport } from './transport.ts';

/** The token of a ServiceAccount, as its holder reads it. */
export interface AccountToken {
  token: string;
  namespace: string;
  name: string;
  /** Milliseconds since the epoch. */
  issued: number;
  expires: number;
}

/** Undefined for a text that is no token of a ServiceAccount; it is not verified, since its holder has no use for that. */
export function readAccountToken(token: string): AccountToken | undefined {
  const [, payload = '', signature] = token.trim().split('.');
  if (signature === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(claims['sub'])) ?? [];
    const { exp, iat } = claims;
    if (namespace === undefined || name === undefined) return undefined;
    if (typeof exp !== 'number' || typeof iat !== 'number') return undefined;
    return { token: token.trim(), namespace, name, issued: iat * 1000, expires: exp * 1000 };
  } catch {
    return undefined;
  }
}

export interface OwnTokenOptions {
  transport: Pick<Transport, 'send'>;
  /** Where the newest token is kept, for the owner alone; credentials read it again. */
  file: string;
  clock: Clock;
  logger: Logger;
}

/** After a failure; the old token is good for long. */
const RETRY_MS = 60_000;

/**
 * The newest of two tokens of one account: the one of a kubeconfig, which came first or replaces one that was refused,
 * and the one that was kept here. It is kept.
 */
export async function keepNewest(file: string, given: AccountToken): Promise<AccountToken> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const kept = readAccountToken(text);
  const isSame = kept?.name === given.name && kept.namespace === given.namespace;
  if (kept !== undefined && isSame && kept.issued > given.issued) return kept;
  await writeToken(file, given);
  return given;
}

/** A machine that slept wakes up late: timers stand still meanwhile. */
const LOOK_MS = 60 * 60 * 1000;

/** Asks for a new token of the same account and the same life when a third of its time is over. */
export function startTokenRenewal(first: AccountToken, options: OwnTokenOptions): Rounds {
  const { clock, logger, file } = options;
  let token = first;
  return startRounds({
    pause: (afterFailure) => (afterFailure ? RETRY_MS : Math.min(LOOK_MS, untilRenewal(token, clock))),
    async round() {
      if (renewalTime(token) > clock.now()) return;
      token = await ask(token, options);
      await writeToken(file, token);
    },
    failure: 'the own token could not be renewed',
    clock,
    logger,
  });
}

const renewalTime = ({ issued, expires }: AccountToken): number => issued + (expires - issued) / 3;

const untilRenewal = (token: AccountToken, clock: Clock): number =>
  Math.max(1000, renewalTime(token) - clock.now());

/** @throws StatusError; Error for an answer without a token */
async function ask(
  { namespace, name, issued, expires }: AccountToken,
  { transport }: OwnTokenOptions,
): Promise<AccountToken> {
  const { text } = await transport.send({
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`,
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: Math.round((expires - issued) / 1000) },
    },
  });
  const { status } = JSON.parse(text) as { status?: { token?: string } };
  const token = readAccountToken(status?.token ?? '');
  if (token === undefined) throw new Error('the server has answered without a token');
  return token;
}

/** In one step: a reader sees the old token or the new one. */
async function writeToken(file: string, { token }: AccountToken): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${randomUUID()}.tmp`;
  await writeFile(temporary, `${token}\n`, { mode: 0o600, flag: 'wx' });
  await rename(temporary, file);
}
