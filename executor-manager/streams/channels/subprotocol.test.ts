import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StatusError } from '#api/machinery/status-error';
import { exitStatus } from './exit-status.ts';
import { chooseSubprotocol, decodeMessage, encodeMessage, SUBPROTOCOLS } from './subprotocol.ts';
import type { Subprotocol } from './subprotocol.ts';

const named = (name: string): Subprotocol => {
  const found = SUBPROTOCOLS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no protocol ${name}`);
  return found;
};

describe('the subprotocol', () => {
  it.each([
    [['v5.channel.k8s.io', 'v4.channel.k8s.io'], 'v5.channel.k8s.io', 'kubectl of today'],
    [['channel.k8s.io', 'v4.channel.k8s.io'], 'v4.channel.k8s.io', 'the best that is offered'],
    [['base64.channel.k8s.io'], 'base64.channel.k8s.io', 'a browser with text only'],
    [[], '', 'a client that names none'],
    [['SPDY/3.1+portforward.k8s.io'], undefined, 'that of something else'],
  ])('of %j is %j: %s', (offered, expected, _why) => {
    expect(chooseSubprotocol(offered)?.name).toBe(expected);
  });

  it('has messages that come out as they went in', () => {
    const channel = fc.integer({ min: 0, max: 4 });
    const bytes = fc.uint8Array().map((array) => Buffer.from(array));
    fc.assert(
      fc.property(fc.constantFrom(...SUBPROTOCOLS), channel, bytes, (protocol, number, data) => {
        const message = Buffer.from(encodeMessage(protocol, { channel: number, data }));
        expect(decodeMessage(protocol, message)).toEqual({ channel: number, data });
      }),
    );
  });

  it.each([
    ['v5.channel.k8s.io', '', 'nothing'],
    ['v4.base64.channel.k8s.io', 'xAAAA', 'a channel that is no digit'],
    ['v4.base64.channel.k8s.io', '', 'nothing'],
  ])('%s knows no message in %j: %s', (name, text) => {
    expect(decodeMessage(named(name), Buffer.from(text))).toBeUndefined();
  });
});

describe('the end of a program', () => {
  const missing = new StatusError('NotFound', 'gone');

  it.each([
    ['v4.channel.k8s.io', { code: 0 }, { status: 'Success' }],
    [
      'v5.channel.k8s.io',
      { code: 7 },
      {
        status: 'Failure',
        reason: 'NonZeroExitCode',
        details: { causes: [{ reason: 'ExitCode', message: '7' }] },
      },
    ],
    ['v4.channel.k8s.io', { error: missing }, { status: 'Failure', reason: 'NotFound', code: 404 }],
  ])('is a Status with %s', (name, exit, expected) => {
    expect(JSON.parse(exitStatus(named(name), exit))).toMatchObject(expected);
  });

  it('is a text for the oldest clients, and nothing when all is well', () => {
    const oldest = named('channel.k8s.io');
    expect([exitStatus(oldest, { code: 0 }), exitStatus(oldest, { code: 7 })]).toEqual([
      '',
      'command terminated with non-zero exit code: exit status 7',
    ]);
    expect(exitStatus(oldest, { error: missing })).toBe('gone');
  });
});
