import { sign, verify } from 'node:crypto';
import path from 'node:path';
import { createServiceAccountTokens } from '#api/authentication/service-account/service-account-token';
import { createTokenIssuer } from '#api/authentication/service-account/token-issuer';
import { loadSigningKeys } from '#api/data-folder/signing-keys/signing-keys';
import { systemClock } from '#api/machinery/clock';
import { silentLogger } from '#api/machinery/logger';
import { createLivingObjects } from '#api/registry/service-accounts/living-objects';
import { rootKeyFile } from '#api/data-folder/root-key-file';
import { openStore } from '#api/storage/open-store';
import { temporaryFolder } from '../../environment/temporary-folder.ts';
import type { Figure } from '../load/figure.ts';

const TOKENS = 2000;
const REPEATS = 50;
const ISSUER = 'https://troupe.internal';

/**
 * The costs of knowing whose a ServiceAccount's token is: at first sight, when its signature is verified, and later. The
 * account, and the Secret that half of the tokens are bound to, are looked up each time. The floor is the bare
 * verification of one signature.
 */
export async function measureAuthentication(): Promise<Figure[]> {
  await using folder = await temporaryFolder('bench-authentication');
  const clock = systemClock;
  const keys = await loadSigningKeys({
    ...{ file: path.join(folder.path, 'keys'), mayMake: true, clock, logger: silentLogger },
  });
  const store = await openStore({
    url: `sqlite:${path.join(folder.path, 'troupe.db')}`,
    encryption: {
      resources: new Set<string>(),
      rootKeys: rootKeyFile({ file: path.join(folder.path, 'root'), mayMake: true }),
    },
    logger: silentLogger,
  });
  try {
    for (const resource of ['serviceaccounts', 'secrets']) {
      const metadata = { name: 'robot', namespace: 'default', uid: 'uid' };
      const object = { apiVersion: 'v1', kind: 'Object', metadata };
      await store.commit({ op: 'create', key: { resource, namespace: 'default', name: 'robot' }, object });
    }
    const issuer = createTokenIssuer({ keys, issuer: ISSUER });
    const subject = {
      ...{ namespace: 'default', serviceAccount: { name: 'robot', uid: 'uid' }, audiences: [ISSUER] },
      ...{ now: Date.now(), lifeSeconds: 3600 },
    };
    const secret = { kind: 'Secret', name: 'robot', uid: 'uid' } as const;
    const tokens = await Promise.all(
      Array.from({ length: TOKENS }, (_, index) =>
        issuer.issue({ ...subject, ...(index % 2 === 0 ? {} : { bound: secret }) }),
      ),
    );
    const options = {
      keys,
      issuers: [ISSUER],
      audiences: [ISSUER],
      objects: createLivingObjects(store),
      clock,
    };
    const { authenticateToken } = createServiceAccountTokens(options);
    const floor = bareVerification(keys.signer());
    const first = await eachOf(tokens, authenticateToken);
    const cached = await eachOf(Array.from({ length: REPEATS }, () => tokens).flat(), authenticateToken);
    return [figure('token, first sight', first, floor), figure('token, cached', cached, floor)];
  } finally {
    await keys.stop();
    await store.close();
  }
}

/** Microseconds for each. */
async function eachOf(tokens: readonly string[], ask: (token: string) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  for (const token of tokens) await ask(token);
  return ((performance.now() - started) * 1000) / tokens.length;
}

/** Microseconds. */
function bareVerification({
  privateKey,
  publicKey,
}: ReturnType<Awaited<ReturnType<typeof loadSigningKeys>>['signer']>): number {
  const text = Buffer.alloc(600, 'x');
  const signature = sign('sha256', text, privateKey);
  const started = performance.now();
  for (let index = 0; index < TOKENS; index++) verify('sha256', text, publicKey, signature);
  return ((performance.now() - started) * 1000) / TOKENS;
}

function figure(name: string, microseconds: number, floor: number): Figure {
  return {
    name,
    on: 'memory',
    value: `${microseconds.toFixed(1)} us`,
    floor: `one ECDSA verification ${floor.toFixed(1)} us`,
    ratio: microseconds / floor,
  };
}
