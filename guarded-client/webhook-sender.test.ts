import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { RefusedAddressError } from './refused-address-error.ts';
import { createWebhookSender, webhookHeaders } from './webhook-sender.ts';

const NOW = Date.parse('2026-12-01T10:00:00Z');
const MESSAGE = { url: 'https://hooks.example/secret-path', id: 'msg-1', body: '{"a":1}' };

describe('the headers of a message', () => {
  it('are signed as the specification shows it', () => {
    // The example of https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme".
    const headers = webhookHeaders(
      {
        ...{ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' },
        key: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      },
      1_614_265_330_000,
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('take any other text as the key itself', () => {
    const signature = createHmac('sha256', 'plain')
      .update(`msg-1.${NOW / 1000}.{"a":1}`)
      .digest('base64');
    expect(webhookHeaders({ ...MESSAGE, key: 'plain' }, NOW)['webhook-signature']).toBe(`v1,${signature}`);
    expect(webhookHeaders(MESSAGE, NOW)).not.toHaveProperty('webhook-signature');
  });
});

describe('a delivery', () => {
  const none = new AbortController().signal;
  const senderOf = (answer: () => Promise<Response>) =>
    createWebhookSender({ fetch: answer, now: () => NOW });

  const redirected = (status: number): string =>
    `The address redirects to another one (${status}), which is not followed; give that one.`;

  it.each([
    [204, { taken: true }],
    [302, { taken: false, why: redirected(302), isFinal: false }],
    [308, { taken: false, why: redirected(308), isFinal: false }],
    [304, { taken: false, why: 'The address answered with 304.', isFinal: false }],
    [410, { taken: false, why: 'The address answered with 410.', isFinal: true }],
    [500, { taken: false, why: 'The address answered with 500.', isFinal: false }],
  ])('that is answered with %d', async (status, delivery) => {
    const sender = senderOf(async () => new Response(null, { status }));
    expect(await sender.send(MESSAGE, none)).toEqual(delivery);
  });

  it.each([
    [new RefusedAddressError('hooks.example is refused'), 'hooks.example is refused.'],
    [
      new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } }),
      'The address could not be reached: ECONNREFUSED.',
    ],
    [new DOMException('late', 'TimeoutError'), 'The address did not answer in time.'],
    [new TypeError('secret-path'), 'The address could not be reached.'],
  ])('that fails with %s', async (error, why) => {
    const sender = senderOf(async () => {
      throw error;
    });
    expect(await sender.send(MESSAGE, none)).toEqual({ taken: false, why, isFinal: false });
  });

  it('ends with the signal', async () => {
    const aborted = AbortSignal.abort(new Error('stopped'));
    const sender = senderOf(async () => {
      throw new Error('cut');
    });
    await expect(sender.send(MESSAGE, aborted)).rejects.toThrow('stopped');
  });
});
