import { hash } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { sleep } from '../../machinery/clock.ts';
import type { Clock } from '../../machinery/clock.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Meter, Metric } from '../../machinery/meter.ts';
import { loginPaths, publicPaths } from '../anonymous.ts';
import type { AnonymousPaths } from '../anonymous.ts';
import type { TokenAuthenticator } from '../authenticator.ts';
import { createTokenCache } from '../token-cache.ts';
import type {
  AnonymousConfiguration,
  AuthenticationConfiguration,
  IssuerConfiguration,
} from './authentication-configuration.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import type { Fetch, IssuerKeys } from './issuer-keys.ts';
import { createJwtAuthenticator } from './jwt-authenticator.ts';
import { validateConfiguration } from './validate-configuration.ts';
import type { ValidIssuer } from './validate-configuration.ts';

export interface ConfiguredIssuersOptions {
  /** Issuers that no one else may be: this server's own. */
  disallowed: readonly string[];
  /** Connects to an issuer; it is called once for each that is configured. */
  connect(issuer: IssuerConfiguration): IssuerConnection;
  algorithms?: readonly string[];
  clock: Clock;
  logger: Logger;
  meter: Meter;
}

export interface IssuerConnection extends AsyncDisposable {
  readonly fetch: Fetch;
}

interface RunningIssuer {
  valid: ValidIssuer;
  connection: IssuerConnection;
  keys: IssuerKeys;
  tokens: TokenAuthenticator;
}

/** Verified once in ten seconds, as kube-apiserver keeps any token. */
const CACHE = { successMs: 10_000, failureMs: 0 };
/** A new configuration counts when all its issuers have been reached, and is given up after this. */
const REACH_MS = 60_000;
const ASK_AGAIN_MS = 1_000;

const RELOADS: Metric = {
  name: 'apiserver_authentication_config_controller_automatic_reloads_total',
  help: 'How often the authentication configuration has changed while the server ran, by what came of it.',
  labels: ['status', 'apiserver_id_hash'],
};
const LAST_RELOAD: Metric = {
  name: 'apiserver_authentication_config_controller_automatic_reload_last_timestamp_seconds',
  help: 'When the authentication configuration has changed last, by what came of it.',
  labels: ['status', 'apiserver_id_hash'],
};
const SERVER_ID = { apiserver_id_hash: `sha256:${hash('sha256', hostname())}` };

/** The issuers of one AuthenticationConfiguration, which may change while they are asked. */
export class ConfiguredIssuers implements TokenAuthenticator, AsyncDisposable {
  readonly #options: ConfiguredIssuersOptions;
  readonly #lastReload = { success: 0, failure: 0 };
  #running: readonly RunningIssuer[];
  #tokens: TokenAuthenticator;
  #mayCome: AnonymousPaths;

  /** @throws Error, for a person, where the configuration makes no sense */
  constructor(configuration: AuthenticationConfiguration, options: ConfiguredIssuersOptions) {
    this.#options = options;
    this.#running = this.#issuersOf(configuration, []);
    this.#tokens = this.#tokensOf(this.#running);
    this.#mayCome = anonymousPaths(configuration.anonymous);
    // Who comes first need not wait; an issuer that cannot be reached yet is asked again by its first token.
    for (const { keys } of this.#running) keys.ready().catch(() => undefined);
  }

  authenticateToken: TokenAuthenticator['authenticateToken'] = (token) =>
    this.#tokens.authenticateToken(token);

  readonly mayComeAnonymously: AnonymousPaths = (path) => this.#mayCome(path);

  /**
   * Takes a configuration in place of the one before, once its new issuers have been reached; issuers that are the same
   * go on with the keys that they have.
   * @param read may throw as this does
   * @throws Error, for a person; the configuration before goes on to count then
   */
  async replaceBy(read: () => AuthenticationConfiguration): Promise<void> {
    try {
      await this.#replace(read());
      this.#count('success');
    } catch (error) {
      this.#count('failure');
      throw error;
    }
  }

  async #replace(configuration: AuthenticationConfiguration): Promise<void> {
    const { clock } = this.#options;
    const running = this.#issuersOf(configuration, this.#running);
    const before = this.#running;
    const until = clock.now() + REACH_MS;
    try {
      await Promise.all(running.map(({ keys }) => reach(keys, { clock, until })));
    } catch (error) {
      await disconnect(running, before);
      throw error;
    }
    this.#running = running;
    this.#tokens = this.#tokensOf(running);
    this.#mayCome = anonymousPaths(configuration.anonymous);
    await disconnect(before, running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await disconnect(this.#running, []);
  }

  #count(status: 'failure' | 'success'): void {
    const { meter, clock } = this.#options;
    const labels = { status, ...SERVER_ID };
    this.#lastReload[status] = clock.now() / 1000;
    meter.counter(RELOADS, labels).add();
    meter.gauge(LAST_RELOAD, labels, () => this.#lastReload[status]);
  }

  #issuersOf(
    configuration: AuthenticationConfiguration,
    before: readonly RunningIssuer[],
  ): readonly RunningIssuer[] {
    return validateConfiguration(configuration, this.#options.disallowed).map(
      (valid) =>
        before.find((one) => isDeepStrictEqual(one.valid.configuration, valid.configuration)) ??
        this.#start(valid),
    );
  }

  #start(valid: ValidIssuer): RunningIssuer {
    const { connect, clock, logger, meter, algorithms } = this.#options;
    const { issuer } = valid.configuration;
    if (valid.userRules.length === 0) {
      logger.info(
        'an issuer has no userValidationRules: it may name users and groups that begin with system:',
        {
          issuer: issuer.url,
        },
      );
    }
    const connection = connect(issuer);
    const keys = createIssuerKeys({ issuer, fetch: connection.fetch, clock, logger });
    const limits = algorithms === undefined ? {} : { algorithms };
    const tokens = createJwtAuthenticator({ issuer: valid, keys, clock, logger, meter, ...limits });
    return { valid, connection, keys, tokens };
  }

  /** The answers of earlier issuers are forgotten with them. */
  #tokensOf(running: readonly RunningIssuer[]): TokenAuthenticator {
    const { clock } = this.#options;
    // Each looks at tokens of its own alone: the first answer is the only one.
    const all: TokenAuthenticator = {
      async authenticateToken(token) {
        for (const { tokens } of running) {
          const user = await tokens.authenticateToken(token);
          if (user !== undefined) return user;
        }
        return undefined;
      },
    };
    return createTokenCache(all, { ...CACHE, clock });
  }
}

/** Those that do not go on. */
async function disconnect(
  issuers: readonly RunningIssuer[],
  goingOn: readonly RunningIssuer[],
): Promise<void> {
  const ended = issuers.filter((one) => !goingOn.includes(one));
  await Promise.all(ended.map(({ connection }) => connection[Symbol.asyncDispose]()));
}

async function reach(keys: IssuerKeys, { clock, until }: { clock: Clock; until: number }): Promise<void> {
  for (;;) {
    try {
      await keys.ready();
      return;
    } catch (error) {
      if (clock.now() >= until) throw error;
      await sleep(clock, ASK_AGAIN_MS);
    }
  }
}

/** Without a word on it, they may come where everybody may. */
function anonymousPaths(anonymous: AnonymousConfiguration | undefined): AnonymousPaths {
  if (anonymous === undefined) return publicPaths;
  const { enabled = false, conditions = [] } = anonymous;
  const paths = new Set(conditions.map(({ path }) => path));
  return (path) => loginPaths(path) || (enabled && (paths.size === 0 || paths.has(path)));
}
