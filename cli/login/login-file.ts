import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sleep } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import { CliError } from '../error-text.ts';

/** A login at a server, as it is kept between commands. */
export interface Login {
  server: string;
  /** PEM; absent: the system's authorities. */
  ca?: string;
  /** The account, or `oidc` for a login at a provider. */
  user: string;
  tokens: LoginTokens;
  /** Of an account: shows at the next login that it was used from here before. */
  deviceToken?: string;
  /** Of a login at a provider. */
  provider?: Provider;
}

export interface LoginTokens {
  /** The token that the API gets: an access token, or the id token of a provider. */
  token: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  refreshToken?: string;
}

export interface Provider {
  issuer: string;
  clientID: string;
  scopes: string;
  /** PEM; absent: the system's authorities. */
  ca?: string;
}

export interface LoginPlace {
  server: string;
  user: string;
}

/** The file of a login: of nobody else's eyes, one per server and account. */
export function loginFile(folder: string, { server, user }: LoginPlace): string {
  const key = createHash('sha256').update(`${server}\n${user}`).digest('hex').slice(0, 16);
  return join(folder, `${key}.json`);
}

/** Undefined when nobody has logged in there. @throws CliError for a file that others may read, or that is damaged */
export async function readLogin(file: string): Promise<Login | undefined> {
  try {
    const { mode } = await stat(file);
    if ((mode & 0o077) !== 0) throw new CliError(`${file} is open to others: chmod 600 it, and log in again`);
    return JSON.parse(await readFile(file, 'utf8')) as Login;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof CliError) throw error;
    // The message of the parser quotes the text.
    throw new CliError(`${file} cannot be read: log in again`);
  }
}

/** In one step: who reads meanwhile has the old one or the new one. */
export async function writeLogin(file: string, login: Login): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await chmod(dirname(file), 0o700);
  const next = `${file}.${randomUUID()}`;
  await writeFile(next, `${JSON.stringify(login)}\n`, { mode: 0o600, flag: 'wx' });
  await rename(next, file);
}

export async function removeLogin(file: string): Promise<void> {
  await rm(file, { force: true });
}

/** Longer than a renewal takes: whoever holds a lock for longer has died. */
const STALE_MS = 90_000;
const WAIT_MS = 50;

/**
 * Runs `body` while no other process does so for this login: kubectl asks for credentials in many processes at once, and
 * a refresh token is good for one use.
 */
export async function withLoginLock<T>(file: string, clock: Clock, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lock = `${file}.lock`;
  while (!(await tryLock(lock))) {
    await removeStale(lock, clock);
    await sleep(clock, WAIT_MS);
  }
  try {
    return await body();
  } finally {
    await rm(lock, { force: true });
  }
}

async function tryLock(lock: string): Promise<boolean> {
  try {
    const handle = await open(lock, 'wx', 0o600);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(lock: string, clock: Clock): Promise<void> {
  const found = await stat(lock).catch(() => undefined);
  if (found !== undefined && clock.now() - found.mtimeMs > STALE_MS) await rm(lock, { force: true });
}
