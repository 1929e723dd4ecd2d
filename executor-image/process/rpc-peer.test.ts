import { describe, expect, it } from 'vitest';
import { RpcError, createRpcPeer } from './rpc-peer.ts';

function peer() {
  const sent: unknown[] = [];
  const noted: [string, object][] = [];
  const made = createRpcPeer({
    send: (message) => sent.push(JSON.parse(message)),
    onNotification: (method, params) => noted.push([method, params]),
    onRequest: (method, params) => {
      if (method === 'fail') return Promise.reject(new Error('no'));
      return method === 'echo' ? Promise.resolve(params) : undefined;
    },
  });
  return { made, sent, noted, take: (message: unknown) => made.take(JSON.stringify(message)) };
}

describe('createRpcPeer', () => {
  it('asks and gets answers, in whatever order they come', async () => {
    const { made, sent, take } = peer();
    const [first, second] = [made.call('a', { x: 1 }), made.call('b', {})];
    expect(sent).toEqual([
      { jsonrpc: '2.0', id: 1, method: 'a', params: { x: 1 } },
      { jsonrpc: '2.0', id: 2, method: 'b', params: {} },
    ]);
    take({ id: 2, error: { code: -32_600, message: 'not like this' } });
    take({ id: 1, result: { ok: true } });
    expect(await first).toEqual({ ok: true });
    await expect(second).rejects.toEqual(new RpcError(-32_600, 'not like this'));
  });

  it.each([
    { asked: { id: 7, method: 'echo', params: { a: 1 } }, answer: { id: 7, result: { a: 1 } } },
    { asked: { id: 'x', method: 'fail' }, answer: { id: 'x', error: { code: -32_603, message: 'no' } } },
    {
      asked: { id: 0, method: 'what' },
      answer: { id: 0, error: { code: -32_601, message: 'what is not known here' } },
    },
  ])('answers $asked', async ({ asked, answer }) => {
    const { sent, take } = peer();
    take(asked);
    await Promise.resolve();
    expect(sent).toEqual([{ jsonrpc: '2.0', ...answer }]);
  });

  it('hears notifications', () => {
    const { noted, take } = peer();
    take({ method: 'n', params: { a: 1 } });
    take({ method: 'm' });
    expect(noted).toEqual([
      ['n', { a: 1 }],
      ['m', {}],
    ]);
  });

  it.each(['', 'hello', '[]', 'null', '7'])('takes %j for no message', (line) => {
    expect(peer().made.take(line)).toBe(false);
  });

  it('passes over answers that nobody waits for, and those of another shape', async () => {
    const { made, take } = peer();
    const asked = made.call('a', {});
    take({ id: 9, result: {} });
    take({ id: 1, result: 'text' });
    expect(await asked).toEqual({});
  });

  it('lets nobody wait when it is closed', async () => {
    const { made } = peer();
    const asked = made.call('a', {});
    made.close(new Error('gone'));
    await expect(asked).rejects.toThrow('gone');
    await expect(made.call('b', {})).rejects.toThrow('gone');
  });
});
