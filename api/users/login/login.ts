import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StatusError } from '../../machinery/status-error.ts';
import { mayLogIn } from '../../types/account.ts';
import { USER_RESOURCE } from '../account-store.ts';
import type { Account, AccountStore } from '../account-store.ts';
import type { Passwords, ShownPassword } from '../passwords/passwords.ts';
import type { LoginPlace, Sessions, TokenSet } from '../sessions/sessions.ts';
import type { LoginAttempts } from './login-attempts.ts';

export interface LoginRequest extends LoginPlace {
  userName: string;
  password: string;
  /** Of an earlier login from the same device. */
  deviceToken?: string;
  /** The place on the network, as attempts are counted. */
  network: string;
  /** Told the name of the User that somebody tries to log in as, if there is such a User; for the audit log. */
  onUser?: (name: string) => void;
}

export interface LoggedIn extends TokenSet {
  /** To be shown at the next login: attempts of others then do not hold it up. */
  device_token: string;
}

export interface LoginOptions {
  accounts: AccountStore;
  passwords: Passwords;
  sessions: Sessions;
  attempts: LoginAttempts;
  clock: Clock;
  logger: Logger;
}

/**
 * Opens a session for somebody who knows the password. Whether the name, the password or both were wrong shows neither
 * in the answer nor in its time.
 * @throws StatusError Unauthorized, Forbidden for a right password of a User who may not log in, TooManyRequests
 */
export async function logIn(options: LoginOptions, request: LoginRequest): Promise<LoggedIn> {
  const { sessions } = options;
  const { account, shown, device } = await admit(options, request);
  checkMayLogIn(account);
  const { session, tokens } = await sessions.open(account, request);
  // Whoever changes the password ends the sessions that he finds. This one may have come too late to be found; then the
  // new password was there before it.
  if (!(await options.passwords.isCurrent(account, shown))) {
    await sessions.end(account, session);
    throw wrongPassword();
  }
  noteLogin(options, account);
  return { ...tokens, device_token: await sessions.deviceToken(account, device) };
}

/** The account, and the device if it was known. @throws StatusError Unauthorized, TooManyRequests */
async function admit(
  { accounts, passwords, sessions, attempts }: LoginOptions,
  { userName, password, deviceToken, network, onUser }: LoginRequest,
): Promise<{ account: Account; shown: ShownPassword; device: string | undefined }> {
  const account = isName(userName) ? await accounts.user(userName) : undefined;
  if (account !== undefined) onUser?.(account.metadata.name);
  const device = deviceToken === undefined ? undefined : await sessions.deviceOf(account, deviceToken);
  const attempt = await attempts.enter({ userName, network, device });
  const shown = await passwords.verify(account, password);
  if (shown === undefined || account === undefined) throw wrongPassword();
  await attempt.succeeded();
  return { account, shown, device };
}

/** Of a User; a text of another form is the name of nobody. */
export const isName = (text: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/.test(text);

export const wrongPassword = (): StatusError =>
  new StatusError('Unauthorized', 'the name or the password is not right');

/** @throws StatusError Forbidden */
export function checkMayLogIn(account: Account): void {
  if (mayLogIn(account)) return;
  const why = account.spec.pending === true ? 'is not activated yet' : 'is disabled';
  throw new StatusError('Forbidden', `the account ${JSON.stringify(account.metadata.name)} ${why}`);
}

function noteLogin({ accounts, clock, logger }: LoginOptions, { metadata }: Account): void {
  accounts
    .noteStatus(USER_RESOURCE, metadata.name, { lastLoginTime: formatTime(clock.now()) })
    .catch((error: unknown) => logger.warn('could not note a login', { error: describeError(error) }));
}
