import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ACCESS_TOKEN, createSessionTokens } from '../../authentication/session-token.ts';
import { systemClock as clock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { createCatalog } from '../../registry/catalog.ts';
import { createInitialNamespaces } from '../../registry/initial-namespaces.ts';
import { createRegistry } from '../../registry/registry.ts';
import { loadDefinitions } from '../../schema/load-crds.ts';
import type { Store } from '../../storage/contract/store.ts';
import { openStore } from '../../storage/open-store.ts';
import { AccountStore } from '../account-store.ts';
import type { Account } from '../account-store.ts';
import { Passwords } from '../passwords/passwords.ts';
import { Sessions } from '../sessions/sessions.ts';
import { logIn } from './login.ts';
import type { LoginOptions } from './login.ts';
import { createLoginAttempts } from './login-attempts.ts';

const PASSWORD = 'tangerine kettle orbit';
const NEXT = 'a wholly new phrase';

let store: Store;
let options: LoginOptions;
let alice: Account;

beforeEach(async () => {
  store = await openStore({ url: 'sqlite::memory:', logger: silentLogger });
  const registry = createRegistry({ catalog: createCatalog(loadDefinitions()), store, clock });
  await createInitialNamespaces(registry);
  const accounts = new AccountStore({ registry: () => registry, store });
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = () => ({ kid: 'k', privateKey });
  const tokens = createSessionTokens({
    keys: { signer, find: () => Promise.resolve({ publicKey }) },
    clock,
  });
  const passwords = new Passwords({ store, clock });
  const sessions = new Sessions({ store, accounts, tokens, clock });
  const attempts = createLoginAttempts({ clock });
  options = { accounts, passwords, sessions, attempts, clock, logger: silentLogger };
  alice = await accounts.createUser('alice', {});
  await passwords.set(alice, PASSWORD);
});
afterEach(() => store.close());

const login = (given: LoginOptions, password = PASSWORD): ReturnType<typeof logIn> =>
  logIn(given, { userName: 'alice', password, network: '192.0.2.1', address: '192.0.2.1', userAgent: '' });

/** As somebody who changes the password at this moment does. */
async function changePassword(): Promise<void> {
  await options.passwords.set(alice, NEXT);
  await options.sessions.endAll(alice);
}

it('keeps no session whose password was changed while it was opened', async () => {
  const { sessions } = options;
  const slow = new Proxy(sessions, {
    get: (target, name) => {
      if (name !== 'open') return (Reflect.get(target, name) as () => unknown).bind(target);
      return async (...given: Parameters<Sessions['open']>) => {
        await changePassword();
        return target.open(...given);
      };
    },
  });
  await expect(login({ ...options, sessions: slow })).rejects.toMatchObject({ code: 401 });
  expect(await sessions.list(alice)).toEqual([]);
  await login(options, NEXT);
  expect(await sessions.list(alice)).toHaveLength(1);
});

it('leaves a session that was opened just before to whoever changes the password', async () => {
  const { access_token: token, expires_in: seconds } = await login(options);
  expect([token.split('.').length, seconds]).toEqual([3, ACCESS_TOKEN.life / 1000]);
  await changePassword();
  expect(await options.sessions.list(alice)).toEqual([]);
});

it('lets nobody who knows the old password alone undo a reset', async () => {
  const { passwords } = options;
  const instead = await passwords.verify(alice, PASSWORD);
  await passwords.set(alice, NEXT);
  expect(await passwords.set(alice, 'of the thief, again', instead && { instead })).toBe(false);
  expect(await passwords.verify(alice, NEXT)).toBeDefined();
  expect(await passwords.verify(alice, 'of the thief, again')).toBeUndefined();
});
