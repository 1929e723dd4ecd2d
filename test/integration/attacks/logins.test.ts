import { once } from 'node:events';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { testApi } from '../../kit/api.ts';
import type { TestApi } from '../../kit/api.ts';
import { login, makeUser, mine, PASSWORD, status } from '../users/people.ts';

/** Logins that are slow, wrong, or very many. Each comes from the address that the proxy tells. */

const HEAD_END = '\r\n\r\n';
let api: TestApi;
let token: string;
let device: string;

beforeAll(async () => {
  api = await testApi({ edge: { trustedProxies: ['127.0.0.0/8'] } });
  await makeUser(api, 'alice');
  ({ access_token: token, device_token: device } = await login(api, 'alice'));
});
afterAll(() => api[Symbol.asyncDispose]());

const tryFrom = (address: string, body: object) =>
  api.send('/api/auth/login', {
    method: 'POST',
    token: undefined,
    headers: { 'x-forwarded-for': address },
    body,
  });

/** A login whose body never comes; the first line of its answer, when there is one. */
function slowLogin(address: string): { socket: TLSSocket; answer: Promise<string> } {
  const { hostname, port } = new URL(api.url);
  const socket = connect({ host: hostname, port: Number(port), ca: api.caCertificate });
  socket.on('error', () => undefined);
  const head = [
    'POST /api/auth/login HTTP/1.1',
    `Host: ${hostname}`,
    `X-Forwarded-For: ${address}`,
    'Content-Type: application/json',
    'Content-Length: 1000',
  ];
  socket.write(head.join('\r\n') + HEAD_END + '{"user_name":');
  const answer = new Promise<string>((resolve) => {
    socket.once('data', (data: Buffer) => resolve(data.toString().split('\r\n')[0] ?? ''));
    socket.once('close', () => resolve(''));
  });
  return { socket, answer };
}

it('slow ones from one address: a few wait for their body, the others are refused before it', async () => {
  const slow = Array.from({ length: 40 }, () => slowLogin('203.0.113.1'));
  onTestFinished(() => slow.forEach(({ socket }) => socket.destroy()));
  const refused: string[] = [];
  for (const { answer } of slow) void answer.then((line) => refused.push(line));
  await expect.poll(() => refused.length, { timeout: 20_000 }).toBe(30);
  expect(new Set(refused)).toEqual(new Set(['HTTP/1.1 429 Too Many Requests']));
  expect(await status(mine(api, '', { token })), 'who is logged in').toBe(200);
  const elsewhere = await tryFrom('198.51.100.1', { user_name: 'alice', password: PASSWORD });
  expect(elsewhere.status, 'a login from elsewhere').toBe(200);
});

it('slow ones from everywhere keep nobody from logging in, nor from writing', async () => {
  const slow = Array.from({ length: 250 }, (_, n) => slowLogin(`198.18.0.${n}`));
  onTestFinished(() => slow.forEach(({ socket }) => socket.destroy()));
  await Promise.all(slow.map(({ socket }) => once(socket, 'secureConnect')));
  const right = { user_name: 'alice', password: PASSWORD };
  expect((await tryFrom('198.51.100.2', right)).status).toBe(200);
  expect(await status(mine(api, '/preferences', { token, method: 'PUT', body: {} }))).toBe(200);
});

it('wrong ones from a hundred addresses at once: few are looked at, and others are served meanwhile', async () => {
  const wrong = Array.from({ length: 100 }, (_, n) =>
    tryFrom(`192.0.2.${n}`, { user_name: `user-${n}`, password: 'wrong' }),
  );
  const reads = Array.from({ length: 50 }, () => status(mine(api, '', { token })));
  expect(new Set(await Promise.all(reads))).toEqual(new Set([200]));
  const codes = await Promise.all(wrong.map((answer) => status(answer)));
  expect(new Set(codes)).toEqual(new Set([401, 429]));
  // Two at once and forty that wait.
  expect(codes.filter((code) => code === 401).length).toBeGreaterThanOrEqual(42);
  expect(codes.filter((code) => code === 429).length).toBeGreaterThan(0);
});

it('at one account from everywhere: its owner still logs in from a device that is known', async () => {
  for (let n = 0; n < 40; n++)
    await tryFrom(`198.51.100.${100 + n}`, { user_name: 'alice', password: `wrong-${n}` });
  const right = { user_name: 'alice', password: PASSWORD };
  expect((await tryFrom('203.0.113.77', right)).status, 'a new device waits for some seconds').toBe(429);
  expect((await tryFrom('203.0.113.78', { ...right, device_token: device })).status).toBe(200);
  expect((await tryFrom('203.0.113.79', { user_name: 'nobody', password: 'wrong' })).status).toBe(401);
});

it('do not tell by their answers who has an account', async () => {
  const answers = await Promise.all(
    ['alice', 'nobody', 'Alice', 'troupe-admin', 'system:admin', '', '\u0000', 'a'.repeat(10_000)].map(
      (name, n) => tryFrom(`203.0.113.${200 + n}`, { user_name: name, password: 'wrong' }),
    ),
  );
  const seen = answers.map(({ status: code, text }) => `${code} ${text}`);
  expect(seen[5]).toMatch(/^400/);
  // Of alice, whom others try, it is said that one is to wait: as of every name that is tried.
  expect(new Set(seen.filter((one) => !/^(400|429)/.test(one))).size).toBe(1);
});
