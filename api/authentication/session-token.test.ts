import { generateKeyPairSync } from 'node:crypto';
import { SignJWT, UnsecuredJWT } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createManualClock } from '../machinery/manual-clock.ts';
import {
  ACCESS_TOKEN,
  createSessionAuthenticator,
  createSessionTokens,
  DEVICE_TOKEN,
  SESSION_ISSUER,
} from './session-token.ts';

const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clock = createManualClock(Date.UTC(2026, 10, 30));
const seconds = Math.floor(clock.now() / 1000);
const keys = {
  signer: () => ({ kid: 'k1', privateKey: own.privateKey }),
  find: (kid: string) => Promise.resolve(kid === 'k1' ? { publicKey: own.publicKey } : undefined),
};
const tokens = createSessionTokens({ keys, clock });
const claims = { sub: 'alice', uid: 'u1', sid: 's1' };

interface Forged {
  header?: Record<string, string>;
  payload?: Record<string, unknown>;
  key?: Parameters<SignJWT['sign']>[0];
}

function forge({ header = {}, payload = {}, key = own.privateKey }: Forged): Promise<string> {
  const sound = {
    ...claims,
    jti: 'j',
    iss: SESSION_ISSUER,
    aud: ACCESS_TOKEN.audience,
    iat: seconds,
    exp: seconds + 60,
  };
  return new SignJWT({ ...sound, ...payload })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt', ...header })
    .sign(key);
}

describe('a token of a session', () => {
  it('says whose session it is, until it ends', async () => {
    const moving = createManualClock(clock.now());
    const short = createSessionTokens({ keys, clock: moving });
    const token = await short.issue(ACCESS_TOKEN, claims);
    expect(await short.verify(ACCESS_TOKEN, token)).toMatchObject(claims);
    moving.advance(ACCESS_TOKEN.life - 1000);
    expect(await short.verify(ACCESS_TOKEN, token)).toMatchObject(claims);
    moving.advance(1000);
    expect(await short.verify(ACCESS_TOKEN, token), 'kept from before').toBeUndefined();
  });

  let forged: [string, string][];
  beforeAll(async () => {
    const secret = Buffer.from(own.publicKey.export({ type: 'spki', format: 'pem' }));
    const sound = await forge({});
    const [head = '', body = '', signature = ''] = sound.split('.');
    const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    forged = [
      ['the public key as a secret', await forge({ header: { alg: 'HS256' }, key: secret })],
      ['no signature', new UnsecuredJWT({ ...claims, iss: SESSION_ISSUER }).encode()],
      ['a signature that was taken off', `${head}.${body}.`],
      ['another body', `${head}.${changed}.${signature}`],
      ['another key', await forge({ key: foreign.privateKey })],
      ['a key that is not known', await forge({ header: { kid: 'k2' } })],
      ['another audience', await forge({ payload: { aud: 'https://kubernetes.default.svc' } })],
      ['another issuer', await forge({ payload: { iss: 'https://kubernetes.default.svc' } })],
      ['another type', await forge({ header: { typ: 'JWT' } })],
      ['no end', await forge({ payload: { exp: undefined } })],
      ['an end in the past', await forge({ payload: { exp: seconds - 1 } })],
      ['no session', await forge({ payload: { sid: undefined } })],
      ['a session that is no text', await forge({ payload: { sid: ['s1'] } })],
      ['a device token', await tokens.issue(DEVICE_TOKEN, claims)],
      ['a bomb', `${head}.${'A'.repeat(1_000_000)}.${signature}`],
      ['nothing', ''],
    ];
    expect(await tokens.verify(ACCESS_TOKEN, sound), 'what they are made of').toMatchObject(claims);
  });

  it('is nothing that was forged', async () => {
    for (const [what, token] of forged) {
      expect(await tokens.verify(ACCESS_TOKEN, token), what).toBeUndefined();
    }
  });

  it('does not count as a device, nor the other way round', async () => {
    expect(await tokens.verify(DEVICE_TOKEN, await tokens.issue(ACCESS_TOKEN, claims))).toBeUndefined();
  });

  it('asks for its session at each request, and leaves tokens of others to others', async () => {
    let isAlive = true;
    const user = { name: 'alice', groups: [] };
    const authenticator = createSessionAuthenticator({
      tokens,
      userOf: () => Promise.resolve(isAlive ? user : undefined),
    });
    const token = await tokens.issue(ACCESS_TOKEN, claims);
    expect(await authenticator.authenticateToken(token)).toBe(user);
    isAlive = false;
    await expect(authenticator.authenticateToken(token)).rejects.toMatchObject({ code: 401 });
    const other = await forge({ payload: { iss: 'https://kubernetes.default.svc' } });
    expect(await authenticator.authenticateToken(other)).toBeUndefined();
    expect(await authenticator.authenticateToken('opaque')).toBeUndefined();
  });
});
