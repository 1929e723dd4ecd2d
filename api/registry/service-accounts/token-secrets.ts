import type { Clock } from '../../machinery/clock.ts';
import { fieldsOf } from '../../machinery/json/json.ts';
import { describeError } from '../../machinery/logger.ts';
import type { Logger } from '../../machinery/logger.ts';
import type { Unstructured } from '../../machinery/meta.ts';
import { isStatusError } from '../../machinery/status-error.ts';
import { API_SERVER_USER } from '../../machinery/users/user.ts';
import type { ObjectStore, StorageKey } from '../../storage/contract/objects.ts';
import { FollowedObjects } from '../access-rules/followed-objects.ts';
import type { Registry } from '../registry.ts';
import type { Target } from '../resource.ts';
import type { TokenRequests } from './token-request.ts';

/**
 * Secrets of type kubernetes.io/service-account-token get a token of the account that they name (kube-controller-manager
 * pkg/controller/serviceaccount/tokens_controller.go). Here each has an end, and is renewed in the Secret before that:
 * keys are rotated and forgotten, which a token without an end would hinder. The server does it itself, since a
 * controller that can make tokens of every account could be everybody.
 */
export interface TokenSecretOptions {
  store: ObjectStore;
  registry: Registry;
  tokenRequests: TokenRequests;
  /** PEM. */
  caCertificate: string;
  /** Of a token. */
  lifeSeconds: number;
  /** Whether a token is good, as far as its signature goes. */
  isSigned(token: string): Promise<boolean>;
  clock: Clock;
  logger: Logger;
}

const TYPE = 'kubernetes.io/service-account-token';
const NAME = 'kubernetes.io/service-account.name';
const UID = 'kubernetes.io/service-account.uid';
/** How often the ends of tokens are looked at. */
const ROUND_MS = 60 * 60 * 1000;

const WRITE = { dryRun: false, fieldValidation: 'Ignore', user: API_SERVER_USER } as const;

export interface RunningTokenSecrets {
  /** Looks at all Secrets now: their tokens may have ended. */
  renew(): void;
  stop(): Promise<void>;
}

/** Works until it is stopped; several replicas may do so at once. */
export async function startTokenSecrets(options: TokenSecretOptions): Promise<RunningTokenSecrets> {
  const secrets = new TokenSecrets(options);
  await secrets.start();
  return secrets;
}

class TokenSecrets implements RunningTokenSecrets {
  readonly #options: TokenSecretOptions;
  readonly #followed: readonly FollowedObjects[];
  /** Secrets of the type, by their keys; each with the account that it names. */
  readonly #known = new Map<string, { key: StorageKey; account: string }>();
  #working: Promise<void> = Promise.resolve();
  #cancel = (): void => undefined;
  #stopped = false;

  constructor(options: TokenSecretOptions) {
    this.#options = options;
    const { store, clock, logger } = options;
    this.#followed = [
      new FollowedObjects({
        ...{ resource: 'secrets', store, clock, logger },
        set: ({ key, object }) => this.#seen(key, object),
        removed: (key) => void this.#known.delete(textOf(key)),
      }),
      new FollowedObjects({
        ...{ resource: 'serviceaccounts', store, clock, logger },
        set: () => undefined,
        removed: (key) => this.#accountGone(key),
      }),
    ];
  }

  async start(): Promise<void> {
    for (const followed of this.#followed) await followed.start();
    this.#schedule();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await Promise.all(this.#followed.map((followed) => followed.stop()));
    await this.#working;
  }

  #seen(key: StorageKey, object: Unstructured): void {
    if (object['type'] !== TYPE) return;
    const account = object.metadata.annotations?.[NAME] ?? '';
    this.#known.set(textOf(key), { key, account });
    this.#enqueue(key);
  }

  #accountGone({ namespace, name }: StorageKey): void {
    for (const { key, account } of this.#known.values()) {
      if (key.namespace === namespace && account === name) this.#enqueue(key);
    }
  }

  renew(): void {
    for (const { key } of this.#known.values()) this.#enqueue(key);
  }

  #schedule(): void {
    if (this.#stopped) return;
    this.#cancel = this.#options.clock.after(ROUND_MS, () => {
      this.renew();
      this.#schedule();
    });
  }

  /** One after the other: there are few of them. */
  #enqueue(key: StorageKey): void {
    this.#working = this.#working.then(() => this.#work(key));
  }

  async #work(key: StorageKey): Promise<void> {
    if (this.#stopped) return;
    try {
      await settle(this.#options, key);
    } catch (error) {
      const { logger } = this.#options;
      // Somebody else wrote it, and is seen; all else is tried again in the next round.
      if (isStatusError(error, 'Conflict') || isStatusError(error, 'NotFound')) return;
      const { namespace, name } = key;
      logger.warn('a Secret could not get its token', { namespace, name, error: describeError(error) });
    }
  }
}

const textOf = ({ namespace, name }: StorageKey): string => `${namespace}/${name}`;

/** Fills one Secret, or deletes it when its account is not there. @throws StatusError, StorageError */
async function settle(options: TokenSecretOptions, { namespace, name }: StorageKey): Promise<void> {
  const { registry, store } = options;
  const target = { resource: coreResource(registry, 'secrets'), namespace, name };
  const secret = (await store.get({ resource: 'secrets', namespace, name }))?.object;
  if (secret === undefined || secret['type'] !== TYPE) return;
  if (secret.metadata.deletionTimestamp !== undefined) return;
  const accountName = secret.metadata.annotations?.[NAME] ?? '';
  const account = await store.get({ resource: 'serviceaccounts', namespace, name: accountName });
  const uid = account?.object.metadata.uid;
  const named = secret.metadata.annotations?.[UID] ?? '';
  if (uid === undefined || (named !== '' && named !== uid)) return removeSecret(registry, target, secret);
  if (secret['immutable'] === true || (named === uid && (await isFilled(options, secret)))) return;
  await fill(options, { target, secret, account: accountName, uid });
}

async function removeSecret(registry: Registry, target: Target, { metadata }: Unstructured): Promise<void> {
  const { uid = '', resourceVersion = '' } = metadata;
  const preconditions = { uid, resourceVersion };
  await registry.delete({ target, preconditions, dryRun: false, user: API_SERVER_USER });
}

/** Whether nothing is missing, and the token has more than half of its life before it. */
async function isFilled(
  options: TokenSecretOptions,
  { metadata, ...secret }: Unstructured,
): Promise<boolean> {
  const data = fieldsOf(secret['data']);
  const isWhole =
    data['ca.crt'] === encoded(options.caCertificate) &&
    data['namespace'] === encoded(metadata.namespace ?? '');
  const token = decoded(data['token']);
  if (!isWhole || token === '') return false;
  const { exp, iat } = timesOf(token);
  const isYoung = options.clock.now() / 1000 < iat + (exp - iat) / 2;
  return isYoung && options.isSigned(token);
}

interface Filling {
  target: Target;
  secret: Unstructured;
  account: string;
  uid: string;
}

async function fill(options: TokenSecretOptions, { target, secret, account, uid }: Filling): Promise<void> {
  const { registry, tokenRequests, lifeSeconds, caCertificate } = options;
  const { namespace, name } = target;
  const bound = { kind: 'Secret', apiVersion: 'v1', name, uid: secret.metadata.uid };
  const request = { spec: { expirationSeconds: lifeSeconds, boundObjectRef: bound } };
  const place = { resource: coreResource(registry, 'serviceaccounts'), namespace, name: account };
  const { object } = await tokenRequests.create(place, request, WRITE);
  const { token } = object.object['status'] as { token: string };
  const data = {
    ...fieldsOf(secret['data']),
    'ca.crt': encoded(caCertificate),
    namespace: encoded(namespace),
    token: encoded(token),
  };
  const annotations = { ...secret.metadata.annotations, [UID]: uid };
  const body = { ...secret, metadata: { ...secret.metadata, annotations }, data };
  await registry.update({ target, body, ...WRITE, fieldManager: 'troupe-token-secrets' });
}

function coreResource({ catalog }: Registry, plural: string) {
  const resource = catalog.find({ group: '', version: 'v1', plural });
  if (resource === undefined) throw new Error(`${plural} are not served`);
  return resource;
}

const encoded = (text: string): string => Buffer.from(text).toString('base64');

const decoded = (base64: unknown): string =>
  typeof base64 === 'string' ? Buffer.from(base64, 'base64').toString('utf8') : '';

/** Of a token that this server has written there; 0 for what it has not. */
function timesOf(token: string): { exp: number; iat: number } {
  try {
    const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { exp = 0, iat = 0 } = JSON.parse(payload) as { exp?: number; iat?: number };
    return { exp, iat };
  } catch {
    return { exp: 0, iat: 0 };
  }
}
