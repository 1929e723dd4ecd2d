import { formatTime } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { notFound, StatusError } from '../../machinery/status-error.ts';
import { mayLogIn } from '../../types/account.ts';
import { USERS } from '../../types/resources.ts';
import type { Account, AccountStore } from '../account-store.ts';
import { isName } from '../login/login.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import type { Mailer } from '../mailer.ts';
import { parseOneTimeToken } from '../passwords/passwords.ts';
import type { Passwords } from '../passwords/passwords.ts';
import type { Sessions } from '../sessions/sessions.ts';

/** A token by mail is for now; one that an administrator hands on may lie there for a day. */
const MAILED_LIFE_MS = 60 * 60_000;
const HANDED_LIFE_MS = 24 * 3_600_000;
/** Between two mails to one person. */
const MAIL_PAUSE_MS = 60_000;

export interface PasswordReset {
  token: string;
  /** RFC 3339. */
  expirationTime: string;
}

export interface RecoveryOptions {
  accounts: AccountStore;
  passwords: Passwords;
  sessions: Sessions;
  attempts: LoginAttempts;
  /** Absent: only administrators let people reset their passwords. */
  mailer: Mailer | undefined;
  clock: Clock;
  logger: Logger;
}

/** How people who cannot log in get a new password. Failures are StatusErrors. */
export class Recovery {
  readonly #options: RecoveryOptions;
  /** To whom a mail went a moment ago. */
  readonly #mailed = new Set<string>();

  constructor(options: RecoveryOptions) {
    this.#options = options;
  }

  /** A token for an administrator to hand on. @throws StatusError NotFound */
  async resetFor(name: string): Promise<PasswordReset> {
    const { accounts, passwords } = this.#options;
    const account = await accounts.user(name);
    if (account === undefined) throw notFound(USERS, name);
    const { token, expiresAt } = await passwords.issue(account, 'reset', HANDED_LIFE_MS);
    return { token, expirationTime: formatTime(expiresAt) };
  }

  /**
   * Mails a token to the person with this name. It resolves at once, whether there is such a person or not.
   * @throws StatusError BadRequest where no mail can be sent, TooManyRequests
   */
  async forgot({ userName, network }: { userName: string; network: string }): Promise<void> {
    const { mailer, attempts, logger } = this.#options;
    if (mailer === undefined) {
      throw new StatusError(
        'BadRequest',
        'this server sends no mail: ask an administrator for a new password',
      );
    }
    // Names may be asked for only as often as passwords may be tried.
    await attempts.enter({ userName, network, device: undefined });
    this.#mail(mailer, userName).catch((error: unknown) =>
      logger.error('could not mail a token for a new password', { error: describeError(error) }),
    );
  }

  /** Sets the password, and ends all sessions. @throws StatusError Unauthorized for a token that is not good, Invalid */
  async reset({ token, password }: { token: string; password: string }): Promise<void> {
    const { accounts, passwords, sessions } = this.#options;
    const shown = parseOneTimeToken(token, 'reset');
    const account = shown && (await accounts.user(shown.user));
    if (shown === undefined || account === undefined) throw badToken();
    if (!(await passwords.isGood(account, 'reset', shown.secret))) throw badToken();
    passwords.check(account, password);
    if (!(await passwords.use(account, 'reset', shown.secret))) throw badToken();
    await passwords.set(account, password);
    await sessions.endAll(account);
  }

  async #mail(mailer: Mailer, userName: string): Promise<void> {
    const { accounts, passwords } = this.#options;
    const account = isName(userName) ? await accounts.user(userName) : undefined;
    const email = account?.spec.email;
    if (account === undefined || email === undefined || !mayLogIn(account) || !this.#isTurn(account)) return;
    const { token } = await passwords.issue(account, 'reset', MAILED_LIFE_MS);
    await mailer.send({ to: email, subject: 'A new password for Troupe', text: resetText(account, token) });
  }

  #isTurn({ metadata: { name } }: Account): boolean {
    if (this.#mailed.has(name)) return false;
    this.#mailed.add(name);
    this.#options.clock.after(MAIL_PAUSE_MS, () => this.#mailed.delete(name));
    return true;
  }
}

export const badToken = (): StatusError =>
  new StatusError(
    'Unauthorized',
    'the token is not good: it may have been used, have ended, or be incomplete',
  );

function resetText({ metadata, spec }: Account, token: string): string {
  return [
    `Hello ${spec.displayName ?? metadata.name},`,
    '',
    `somebody has asked for a new password for the account ${metadata.name}. This token sets one, within an hour:`,
    '',
    token,
    '',
    'On a command line: troupe user set-password',
    '',
    'If that was not you, there is nothing to do: the password stays as it is.',
    '',
  ].join('\n');
}
