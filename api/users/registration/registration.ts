import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import { StatusError } from '../../machinery/status-error.ts';
import type { Account, AccountStore } from '../account-store.ts';
import { isName } from '../login/login.ts';
import type { LoginAttempts } from '../login/login-attempts.ts';
import type { Mailer } from '../mailer.ts';
import { parseOneTimeToken } from '../passwords/passwords.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { badToken } from '../recovery/recovery.ts';

/** Who may make an account: nobody, whoever an administrator then activates, or whoever has the address of a mail. */
export type RegistrationMode = 'approval' | 'closed' | 'mail';

const ACTIVATION_LIFE_MS = 24 * 3_600_000;
/** Of Users that are pending: a flood must not fill the store. */
const MOST_PENDING = 1000;

export interface RegistrationOptions {
  mode: RegistrationMode;
  accounts: AccountStore;
  passwords: Passwords;
  attempts: LoginAttempts;
  mailer: Mailer | undefined;
  logger: Logger;
}

export interface RegistrationRequest {
  userName: string;
  password: string;
  email: string | undefined;
  displayName: string | undefined;
  network: string;
}

/** People who make an account for themselves. Failures are StatusErrors. */
export class Registration {
  readonly #options: RegistrationOptions;

  /** @throws Error, for a person, where mails are needed and cannot be sent */
  constructor(options: RegistrationOptions) {
    if (options.mode === 'mail' && options.mailer === undefined) {
      throw new Error(
        '--registration=mail needs a server for mail: set TROUPE_SMTP_URL and TROUPE_SMTP_FROM',
      );
    }
    this.#options = options;
  }

  /**
   * A User who may not log in before the activation. Nothing but what stands here is taken from the request.
   * @throws StatusError Forbidden, Invalid, AlreadyExists, TooManyRequests
   */
  async register(request: RegistrationRequest): Promise<void> {
    const { mode, accounts, passwords, attempts } = this.#options;
    const { userName, password, email, displayName, network } = request;
    if (mode === 'closed') {
      throw new StatusError('Forbidden', 'nobody can register here: an administrator makes accounts');
    }
    if (!isName(userName)) throw new StatusError('BadRequest', NAME_RULE);
    if (mode === 'mail' && email === undefined) throw new StatusError('BadRequest', 'email must be given');
    await attempts.enter({ userName, network, device: undefined });
    const spec = {
      pending: true,
      ...(email === undefined ? {} : { email }),
      ...(displayName === undefined ? {} : { displayName }),
    };
    passwords.check(draftOf(userName, spec), password);
    await this.#checkRoom();
    const account = await accounts.createUser(userName, spec);
    await passwords.set(account, password);
    if (mode === 'mail') await this.#mailActivation(account);
  }

  /** @throws StatusError Unauthorized for a token that is not good */
  async activate(token: string): Promise<void> {
    const { accounts, passwords } = this.#options;
    const shown = parseOneTimeToken(token, 'activation');
    const account = shown && (await accounts.user(shown.user));
    if (shown === undefined || account === undefined) throw badToken();
    if (!(await passwords.use(account, 'activation', shown.secret))) throw badToken();
    await accounts.changeUser(account.metadata.name, { pending: false });
  }

  async #checkRoom(): Promise<void> {
    const pending = (await this.#options.accounts.users()).filter(({ spec }) => spec.pending === true);
    if (pending.length < MOST_PENDING) return;
    throw new StatusError('TooManyRequests', 'too many people wait for their activation', {
      details: { retryAfterSeconds: 3600 },
    });
  }

  /** A mail that does not go leaves the User to an administrator. */
  async #mailActivation(account: Account): Promise<void> {
    const { mailer, passwords, logger } = this.#options;
    const { token } = await passwords.issue(account, 'activation', ACTIVATION_LIFE_MS);
    try {
      await mailer?.send({
        to: account.spec.email ?? '',
        subject: 'Your account for Troupe',
        text: activationText(account, token),
      });
    } catch (error) {
      logger.error('could not mail a token for an activation', { error: describeError(error) });
    }
  }
}

const NAME_RULE =
  'user_name must have at most 50 lower-case letters, digits and dashes, and begin and end with a letter or digit';

/** Of a User that is not there yet, as far as a password is judged by it. */
const draftOf = (name: string, spec: Account['spec']): Account => ({
  apiVersion: 'agent.wecode.io/v1alpha1',
  kind: 'User',
  metadata: { name },
  spec,
});

function activationText({ metadata, spec }: Account, token: string): string {
  return [
    `Hello ${spec.displayName ?? metadata.name},`,
    '',
    `the account ${metadata.name} was made with this address. This token activates it, within a day:`,
    '',
    token,
    '',
    'If that was not you, there is nothing to do.',
    '',
  ].join('\n');
}
