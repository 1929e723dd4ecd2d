import { describe, expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import type { HealthCheck } from '#api/machinery/health-check';
import { parseHealthAddress } from './flags/health-flags.ts';
import { startHealthServer } from './health-server.ts';
import type { HealthServer } from './health-server.ts';

const good: HealthCheck = { name: 'good', run: () => Promise.resolve() };
const bad: HealthCheck = { name: 'bad', run: () => Promise.reject(new Error('at mysql://user:secret@host')) };

async function serving(port = 0, mayMove = false): Promise<HealthServer & AsyncDisposable> {
  const server = await startHealthServer({
    address: { host: '127.0.0.1', port, mayMove },
    health: () => ({ live: [good], ready: [good, bad] }),
    exposition: { text: () => Promise.resolve('figures 1\n'), contentType: 'text/plain; version=0.0.4' },
    logger: silentLogger,
  });
  return { ...server, [Symbol.asyncDispose]: () => server.close() };
}

describe('startHealthServer', () => {
  it.each([
    { path: '/livez', code: 200, text: 'ok', reason: 'all is well' },
    { path: '/livez?verbose', code: 200, text: '[+]good ok\nlivez check passed\n', reason: 'by check' },
    {
      path: '/readyz',
      code: 500,
      text: '[+]good ok\n[-]bad failed: reason withheld\nreadyz check failed\n',
      reason: 'a failure is always shown, without its reason',
    },
    { path: '/readyz/good', code: 200, text: 'ok', reason: 'one check alone' },
    {
      path: '/readyz/bad',
      code: 500,
      text: '[-]bad failed: reason withheld\nreadyz check failed\n',
      reason: 'one check that fails',
    },
    { path: '/readyz?exclude=bad', code: 200, text: 'ok', reason: 'what is left out does not count' },
    {
      path: '/healthz?exclude=bad&verbose=1',
      code: 200,
      text: '[+]good ok\n[+]good ok\nhealthz check passed\n',
      reason: 'both together',
    },
    { path: '/metrics', code: 200, text: 'figures 1\n', reason: 'figures' },
    { path: '/livez/other', code: 404, text: 'not found\n', reason: 'no such check' },
    { path: '/livez/good/x', code: 404, text: 'not found\n', reason: 'too long' },
    { path: '/', code: 404, text: 'not found\n', reason: 'nothing else' },
  ])('GET $path: $reason', async ({ path, code, text, reason }) => {
    await using server = await serving();
    const answer = await fetch(server.url + path);
    expect({ code: answer.status, text: await answer.text() }, reason).toEqual({ code, text });
  });

  it('takes no other method', async () => {
    await using server = await serving();
    expect((await fetch(`${server.url}/livez`, { method: 'POST' })).status).toBe(405);
    expect((await fetch(`${server.url}/livez`, { method: 'HEAD' })).status).toBe(200);
  });

  it('takes a free port when the default one is taken, and refuses to when it was asked for', async () => {
    await using first = await serving();
    const port = Number(new URL(first.url).port);
    await using second = await serving(port, true);
    expect(second.url).not.toBe(first.url);
    await expect(serving(port, false)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});

describe('--health-address', () => {
  it('is an address, or none', () => {
    expect(parseHealthAddress('none')).toBe('none');
    expect(parseHealthAddress('[::1]:80')).toEqual({ host: '::1', port: 80, mayMove: false });
    expect(() => parseHealthAddress('80')).toThrow('expected HOST:PORT');
  });
});
