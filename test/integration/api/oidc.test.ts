import { createPublicKey } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { temporaryFolder } from '#dev/environment/temporary-folder';
import type { TemporaryFolder } from '#dev/environment/temporary-folder';
import { systemClock } from '#api/machinery/clock';
import { testApi } from '../../kit/api.ts';
import type { ApiAnswer, TestApi } from '../../kit/api.ts';
import { commandsFor } from '../../kit/command.ts';
import { makeSigningKey, startOidcIssuer } from '../../kit/oidc-issuer.ts';
import type { OidcIssuer, SigningKey } from '../../kit/oidc-issuer.ts';
import { recordingLogger } from '../../kit/recording-logger.ts';
import { SELF_REVIEW, WHOAMI, whoIs } from '../../kit/whoami.ts';

let folder: TemporaryFolder;
let one: OidcIssuer;
let two: OidcIssuer;
let rsa: SigningKey;
let api: TestApi;
let file: string;
let ahead = 0;
const logger = recordingLogger();

const first = () => ({
  issuer: {
    url: one.url,
    audiences: ['troupe', 'other'],
    audienceMatchPolicy: 'MatchAny',
    certificateAuthority: one.certificateAuthority,
  },
  claimValidationRules: [
    { claim: 'hd', requiredValue: 'example.com' },
    { expression: 'claims.exp - claims.iat <= 3600.0', message: 'it lives too long' },
  ],
  claimMappings: {
    username: { claim: 'sub', prefix: 'one:' },
    groups: { claim: 'groups', prefix: 'one:' },
    uid: { claim: 'sub' },
    extra: [{ key: 'example.com/team', valueExpression: 'claims.?team.orValue([])' }],
  },
  userValidationRules: [
    { expression: "!user.username.startsWith('one:root')", message: 'root does not log in' },
  ],
});
const second = () => ({
  issuer: { url: two.url, audiences: ['troupe'], certificateAuthority: two.certificateAuthority },
  claimMappings: {
    username: { expression: "claims.email_verified ? 'two:' + claims.email : ''" },
    groups: { expression: "claims.realm.roles.map(role, 'two:' + role)" },
  },
  userValidationRules: [{ expression: "user.groups.all(group, !group.startsWith('system:'))" }],
});
const configuration = (jwt: object[], more: object = {}): string =>
  stringify({ apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthenticationConfiguration', jwt, ...more });

beforeAll(async () => {
  folder = await temporaryFolder('oidc');
  [one, two] = await Promise.all([startOidcIssuer(), startOidcIssuer()]);
  rsa = await makeSigningKey('rsa', 'RS256');
  for (const { keys } of [one, two]) keys.push(rsa);
  file = path.join(folder.path, 'authentication.yaml');
  await writeFile(file, configuration([first(), second()]));
  api = await testApi({
    logger,
    clock: { ...systemClock, now: () => Date.now() + ahead },
    authentication: { configurationFile: file },
  });
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await Promise.all([one, two, folder].map((part) => part[Symbol.asyncDispose]()));
});

const whoami = (token: string): Promise<unknown> => whoIs(api, token);

const GOOD = { sub: 'alice', hd: 'example.com' };

describe('a token of an issuer', () => {
  it('says who it is, by its claims', async () => {
    const token = await one.sign({ ...GOOD, groups: ['a', 'b'], team: 'red', jti: '7' });
    expect(await whoami(token)).toEqual({
      username: 'one:alice',
      uid: 'alice',
      groups: ['one:a', 'one:b', 'system:authenticated'],
      extra: {
        'authentication.kubernetes.io/credential-id': ['JTI=7'],
        'example.com/team': ['red'],
      },
    });
  });

  it('says who it is, by expressions', async () => {
    const claims = { email: 'bob@example.com', email_verified: true, realm: { roles: ['dev', 'ops'] } };
    expect(await whoami(await two.sign(claims))).toMatchObject({
      username: 'two:bob@example.com',
      groups: ['two:dev', 'two:ops', 'system:authenticated'],
    });
    expect(await whoami(await two.sign({ ...claims, email_verified: false }))).toBe(401);
    expect(await whoami(await two.sign({ ...claims, realm: {} }))).toBe(401);
  });

  it('is kubectl’s, and has the rights of its user', async () => {
    const { kubectl } = commandsFor(api.kubeconfig);
    const token = `--token=${await one.sign(GOOD)}`;
    const env = { HOME: folder.path };
    const { stdout } = await kubectl(
      ['auth', 'whoami', token, '-o', 'jsonpath={.status.userInfo.username}'],
      {
        env,
      },
    );
    expect(stdout).toBe('one:alice');
    const { stderr } = await kubectl(['get', 'secrets', token], { env });
    expect(stderr).toContain('User "one:alice" cannot list resource "secrets"');
  });

  it.each<[string, Record<string, unknown>, unknown]>([
    ['one of several audiences', { aud: ['somebody', 'other'] }, 'one:alice'],
    ['one group alone', { groups: 'admins' }, 'one:alice'],
    ['no groups', { groups: null }, 'one:alice'],
    ['a clock that is ahead', { nbf: Math.floor(Date.now() / 1000) + 60 }, 'one:alice'],
    ['another audience', { aud: 'somebody' }, 401],
    ['no audience', { aud: undefined }, 401],
    ['another issuer', { iss: 'https://example.com' }, 401],
    ['the issuer with a slash', { iss: `https://127.0.0.1/` }, 401],
    ['no end', { exp: undefined }, 401],
    ['an end in the past', { exp: Math.floor(Date.now() / 1000) - 1 }, 401],
    ['an end that is no number', { exp: '99999999999' }, 401],
    ['a beginning in the future', { nbf: Math.floor(Date.now() / 1000) + 3600 }, 401],
    ['no user', { sub: undefined }, 401],
    ['an empty user', { sub: '' }, 401],
    ['a user that is no text', { sub: 7 }, 401],
    ['groups that are no texts', { groups: [1] }, 401],
    ['a claim that is required', { hd: 'example.org' }, 401],
    ['a claim that is required and is not there', { hd: undefined }, 401],
    ['a rule on claims', { exp: Math.floor(Date.now() / 1000) + 7200 }, 401],
    ['a rule on users', { sub: 'root' }, 401],
  ])('with %s', async (_, claims, want) => {
    const user = await whoami(await one.sign({ ...GOOD, ...claims }));
    if (typeof want === 'string') expect(user).toMatchObject({ username: want });
    else expect(user).toBe(want);
  });

  it('is kept for ten seconds, not longer', async () => {
    const token = await one.sign({ ...GOOD, exp: Math.floor(Date.now() / 1000) + 60 });
    expect(await whoami(token)).toMatchObject({ username: 'one:alice' });
    ahead = 120_000;
    expect(await whoami(token)).toBe(401);
    ahead = 0;
  });
});

describe('a forged token', () => {
  const parts = async (): Promise<[string, string, string]> =>
    (await one.sign(GOOD)).split('.') as [string, string, string];
  const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('without a signature, or with that of another', async () => {
    const [header, payload, signature] = await parts();
    const more = base64({ ...GOOD, iss: one.url, aud: 'troupe', exp: 9_999_999_999, sub: 'eve' });
    const none = base64({ alg: 'none' });
    const forged = [
      `${none}.${payload}.`,
      `${none}.${payload}.${signature}`,
      `${header}.${more}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      `${header}.${payload}.${signature}.${signature}`,
      `${header}.${payload}.${Buffer.alloc(64).toString('base64url')}`,
    ];
    for (const token of forged) expect(await whoami(token), token).toBe(401);
  });

  it('by a key that is not published, under the name of one that is', async () => {
    const key = await makeSigningKey('one');
    expect(await whoami(await one.sign(GOOD, { key }))).toBe(401);
  });

  it('by the key of another issuer', async () => {
    const [key] = two.keys;
    expect(await whoami(await one.sign(GOOD, key === undefined ? {} : { key }))).toBe(401);
  });

  it('whose header brings its own key, or its address', async () => {
    const key = await makeSigningKey('mine');
    for (const header of [{ jwk: key.jwk }, { jku: `${two.url}/keys` }, { x5c: ['AAAA'] }])
      expect(await whoami(await one.sign(GOOD, { key, header }))).toBe(401);
  });

  it('by a public key as a shared secret', async () => {
    expect(await whoami(await one.sign(GOOD, { key: rsa }))).toMatchObject({ username: 'one:alice' });
    const spki = createPublicKey({ key: rsa.jwk, format: 'jwk' }).export({
      type: 'spki',
      format: 'pem',
    });
    const token = await new SignJWT({ ...GOOD, iss: one.url, aud: 'troupe', exp: 9_999_999_999 })
      .setProtectedHeader({ alg: 'HS256', kid: 'rsa' })
      .sign(Buffer.from(spki));
    expect(await whoami(token)).toBe(401);
  });

  it('that is huge', async () => {
    expect(await whoami(await one.sign({ ...GOOD, bomb: 'x'.repeat(100_000) }))).toBe(401);
  });
});

describe('the keys of an issuer', () => {
  it('are asked for again when a token names a new one, and not for each that is made up', async () => {
    const asked = (): number => two.requests.filter((request) => request === '/keys').length;
    const claims = { email: 'bob@example.com', email_verified: true, realm: { roles: [] } };
    const before = asked();
    for (let count = 0; count < 20; count += 1) {
      const key = await makeSigningKey(`made-up-${count}`);
      expect(await whoami(await two.sign(claims, { key }))).toBe(401);
    }
    expect(asked() - before).toBeLessThanOrEqual(2);
  });

  it('go on to count while the issuer is away', async () => {
    one.isAway = true;
    expect(await whoami(await one.sign({ ...GOOD, sub: 'carol' }))).toMatchObject({ username: 'one:carol' });
    one.isAway = false;
  });
});

describe('a configuration that changes', () => {
  const change = async (text: string): Promise<void> => {
    const before = logger.lines.length;
    const isTold = (): boolean =>
      logger.lines
        .slice(before)
        .some((line) => /authentication configuration was read again|a changed file is not used/.test(line));
    await writeFile(file, text);
    await expect.poll(isTold, { timeout: 5000 }).toBe(true);
  };
  const reloads = async (status: string): Promise<number> => {
    const { text } = await api.send('/metrics');
    const line = new RegExp(
      `^apiserver_authentication_config_controller_automatic_reloads_total{.*status="${status}".*} (\\d+)$`,
      'm',
    );
    return Number(line.exec(text)?.[1] ?? 0);
  };

  it('counts from then on, and one that makes no sense does not', async () => {
    const token = await one.sign({ ...GOOD, sub: 'dora' });
    expect(await whoami(token)).toMatchObject({ username: 'one:dora' });
    await change(configuration([second()]));
    expect(await whoami(token)).toBe(401);
    expect(await reloads('success')).toBe(1);
    await change('jwt: [');
    await change(configuration([{ ...first(), claimMappings: { username: { claim: 'sub' } } }]));
    expect(logger.lines.at(-1)).toContain('jwt[0].claimMappings.username.prefix: Required value');
    expect([await reloads('success'), await reloads('failure')]).toEqual([1, 2]);
    const claims = { email: 'bob@example.com', email_verified: true, realm: { roles: [] } };
    expect(await whoami(await two.sign(claims))).toMatchObject({ username: 'two:bob@example.com' });
    await change(configuration([first(), second()]));
    expect(await whoami(token)).toMatchObject({ username: 'one:dora' });
  });

  it('says where the anonymous may come', async () => {
    const status = async (where: string): Promise<number> =>
      (await api.send(where, { token: undefined })).status;
    expect([await status('/version'), await status('/api')]).toEqual([200, 401]);
    await change(configuration([first()], { anonymous: { enabled: false } }));
    expect([await status('/version'), await status('/api')]).toEqual([401, 401]);
    await change(
      configuration([first()], { anonymous: { enabled: true, conditions: [{ path: '/livez' }] } }),
    );
    expect([await status('/version'), await status('/livez')]).toEqual([401, 200]);
    await change(configuration([first()], { anonymous: { enabled: true } }));
    expect([await status('/version'), await status('/api')]).toEqual([200, 403]);
    const refused = await api.send('/api', { token: 'wrong' });
    expect(refused.json()).toMatchObject({ code: 401, message: 'Unauthorized' });
  });
});

describe('flags', () => {
  const flags = () => ({
    issuerURL: two.url,
    clientID: 'troupe',
    caFile: path.join(folder.path, 'ca.pem'),
    usernameClaim: 'sub',
    usernamePrefix: '',
    groupsClaim: 'roles',
    groupsPrefix: 'g:',
    requiredClaims: {},
    signingAlgorithms: ['RS256'],
  });

  it('are one issuer, whose users are called after it', async () => {
    await writeFile(path.join(folder.path, 'ca.pem'), two.certificateAuthority);
    await using other = await testApi({ authentication: { oidc: flags() } });
    const answer = async (token: string): Promise<ApiAnswer> =>
      other.send(WHOAMI, { method: 'POST', body: SELF_REVIEW, token });
    const good = await answer(await two.sign({ sub: 'alice', roles: ['a'] }, { key: rsa }));
    expect(good.json()).toMatchObject({
      status: { userInfo: { username: `${two.url}#alice`, groups: ['g:a', 'system:authenticated'] } },
    });
    expect((await answer(await two.sign({ sub: 'alice' }))).status, 'another algorithm').toBe(401);
  });

  it('and a file exclude each other', async () => {
    const starting = testApi({ authentication: { configurationFile: file, oidc: flags() } });
    await expect(starting).rejects.toThrow(
      'authentication-config file and oidc-* flags are mutually exclusive',
    );
  });

  it('that name no file keep the server from starting', async () => {
    const starting = testApi({ authentication: { configurationFile: '/no/such/file' } });
    await expect(starting).rejects.toThrow('ENOENT');
  });
});
