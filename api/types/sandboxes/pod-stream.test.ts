import { describe, expect, it } from 'vitest';
import { parsePodStream, podStreamHeaders, webSocketHeaders } from './pod-stream.ts';
import type { PodStreamRequest } from './pod-stream.ts';

const request: PodStreamRequest = {
  kind: 'exec',
  namespace: 'default',
  name: 'box-s0-a1',
  uid: 'u-1',
  query: 'command=sh&command=-c&command=a%26b&stdout=true',
  webSocket: { 'sec-websocket-key': 'k', 'sec-websocket-version': '13' },
};

describe('a stream of a pod', () => {
  it.each([
    [request, 'as kubectl asks for it'],
    [{ ...request, query: '' }, 'without a query'],
    [{ ...request, kind: 'attach', name: 'ä/b?c' }, 'with a name that has to be encoded'],
    [
      { ...request, query: `command=${'x,~'.repeat(40_000)}` },
      'with a query that is too long for one header',
    ],
  ] as const)('comes through the tunnel as it was: %# %s', (sent, _why) => {
    const headers = Object.entries(podStreamHeaders(sent)).map(([name, value]) => {
      const values = [value].flat();
      for (const one of values) expect(one.length).toBeLessThan(64 * 1024);
      // As Node gives headers that came several times, or not at all.
      return [name, values.length === 0 ? undefined : values.join(', ')] as const;
    });
    expect(parsePodStream(Object.fromEntries(headers))).toEqual(sent);
  });

  it.each([
    [{ ':path': '/namespaces/a/pods/b/exec' }, 'no uid'],
    [{ ':path': '/namespaces/a/pods/b/proxy', 'troupe-sandbox-uid': 'u' }, 'another subresource'],
    [{ ':path': '/namespaces/a/pods/b/exec/more', 'troupe-sandbox-uid': 'u' }, 'a longer path'],
    [{ ':path': ['/namespaces/a/pods/b/exec'], 'troupe-sandbox-uid': 'u' }, 'a path that stands there twice'],
  ])('is nothing else: %j (%s)', (headers, _why) => {
    expect(parsePodStream(headers)).toBeUndefined();
  });

  it('does not hand on the token of a browser', () => {
    const headers = new Map([
      ['sec-websocket-protocol', 'base64url.bearer.authorization.k8s.io.c2VjcmV0, v5.channel.k8s.io'],
      ['authorization', 'Bearer secret'],
    ]);
    expect(webSocketHeaders((name) => headers.get(name))).toEqual({
      'sec-websocket-protocol': 'v5.channel.k8s.io',
    });
  });
});
