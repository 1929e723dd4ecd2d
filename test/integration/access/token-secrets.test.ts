import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { CORE, SECRETS, serviceAccounts } from './service-accounts.ts';

let api: TestApi;
const { account, holder, made } = serviceAccounts(() => api);

beforeAll(async () => {
  api = await testApi();
});
afterAll(() => api[Symbol.asyncDispose]());

interface Secret {
  metadata: { annotations: Record<string, string> };
  data?: Record<string, string>;
}

const secretOf = (name: string, more: object = {}): object => ({
  metadata: { name, annotations: { 'kubernetes.io/service-account.name': name }, ...more },
  type: 'kubernetes.io/service-account-token',
});

async function read(name: string): Promise<Secret | undefined> {
  const answer = await api.send(`${SECRETS}/${name}`);
  return answer.status === 404 ? undefined : (JSON.parse(answer.text) as Secret);
}

/** The token of a Secret as soon as it has one. */
async function filled(name: string): Promise<string> {
  return vi.waitFor(async () => {
    const token = (await read(name))?.data?.['token'];
    expect(token).toBeDefined();
    return Buffer.from(token ?? '', 'base64').toString();
  });
}

const gone = (name: string): Promise<void> =>
  vi.waitFor(async () => {
    expect(await read(name)).toBeUndefined();
  });

describe('a Secret of type kubernetes.io/service-account-token', () => {
  it('gets a token of its account, which ends with the Secret', async () => {
    const uid = await account('one');
    await made(SECRETS, 'one', secretOf('one'));
    const token = await filled('one');
    expect(await holder(token)).toBe('system:serviceaccount:default:one');
    expect(decodeJwt(token)['kubernetes.io']).toMatchObject({ secret: { name: 'one' } });
    const secret = await read('one');
    expect(secret?.metadata.annotations).toMatchObject({ 'kubernetes.io/service-account.uid': uid });
    expect(Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString()).toBe(api.caCertificate);
    expect(Buffer.from(secret?.data?.['namespace'] ?? '', 'base64').toString()).toBe('default');
    await api.send(`${SECRETS}/one`, { method: 'DELETE' });
    expect(await holder(token)).toBeUndefined();
  });

  it('gets another token when somebody takes it out, or puts another one in', async () => {
    await account('again');
    await made(SECRETS, 'again', secretOf('again'));
    const first = await filled('again');
    for (const token of [null, 'eA==']) {
      const body = JSON.stringify({ data: { token } });
      const headers = { 'content-type': 'application/merge-patch+json' };
      expect((await api.send(`${SECRETS}/again`, { method: 'PATCH', body, headers })).status).toBe(200);
      const next = await vi.waitFor(async () => {
        const found = await filled('again');
        expect(found).not.toBe('x');
        return found;
      });
      expect(next).not.toBe(first);
      expect(await holder(next)).toBe('system:serviceaccount:default:again');
    }
  });

  it('goes with its account, and does not come without one', async () => {
    await account('leaving');
    await made(SECRETS, 'leaving', secretOf('leaving'));
    await filled('leaving');
    await api.send(`${CORE}/serviceaccounts/leaving`, { method: 'DELETE' });
    await gone('leaving');
    await made(SECRETS, 'nobody', secretOf('nobody'));
    await gone('nobody');
  });

  it('gets a new token when the keys of all tokens were revoked', async () => {
    await account('revoked');
    await made(SECRETS, 'revoked', secretOf('revoked'));
    const first = await filled('revoked');
    const answer = await api.send('/admin/service-account-keys/rotate?revoke=true', { method: 'POST' });
    expect(answer.status, answer.text).toBe(200);
    expect(await holder(first)).toBeUndefined();
    const keys = await api.send('/admin/service-account-keys');
    expect(JSON.parse(keys.text)).toMatchObject({ keys: [{ signs: true }] });
    await vi.waitFor(async () => {
      expect(await holder(await filled('revoked'))).toBe('system:serviceaccount:default:revoked');
    });
  });
});
