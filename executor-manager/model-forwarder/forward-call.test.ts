import type { ServerHttp2Stream } from 'node:http2';
import { PassThrough } from 'node:stream';
import { Dispatcher } from 'undici';
import { expect, it } from 'vitest';
import { silentLogger } from '#api/machinery/logger';
import { createManualClock } from '#api/machinery/manual-clock';
import { silentTracer } from '#api/machinery/tracing/tracer';
import { silentMeter } from '#api/machinery/meter';
import type { RealModel } from './credential-headers.ts';
import { forwardCall } from './forward-call.ts';
import { forwarderFigures } from './forwarder-figures.ts';
import { ModelSource } from './model-source.ts';

/** Takes a request for a service, and fails it. */
class AwayDispatcher extends Dispatcher {
  asked: Dispatcher.DispatchOptions | undefined;

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Parameters<Dispatcher['dispatch']>[1],
  ): boolean {
    this.asked = options;
    handler.onResponseError?.(undefined as never, new Error('away'));
    return true;
  }
}

it('gives a service all the time of the run: first byte and pauses have no limit of their own', async () => {
  const dispatcher = new AwayDispatcher();
  const known: RealModel = { protocol: 'anthropic', baseURL: 'http://service', headers: {} };
  const answers: unknown[] = [];
  const stream = Object.assign(new PassThrough(), {
    headersSent: false,
    respond: (headers: unknown) => answers.push(headers),
  });
  await forwardCall(
    {
      run: {
        id: 'run',
        protocol: 'anthropic',
        source: new ModelSource({ read: async () => known, known, clock: createManualClock() }),
        calls: 0,
        signal: new AbortController().signal,
      },
      stream: stream as unknown as ServerHttp2Stream,
      headers: { ':method': 'POST' },
      target: '/v1/messages',
    },
    { dispatcher, figures: forwarderFigures(silentMeter), tracer: silentTracer, logger: silentLogger },
  );
  expect(dispatcher.asked).toMatchObject({ path: '/v1/messages', headersTimeout: 0, bodyTimeout: 0 });
  expect(dispatcher.asked?.headers).toMatchObject({
    'x-client-request-id': expect.stringMatching(/^run[.][0-9a-f-]{36}$/) as unknown,
  });
  expect(answers).toMatchObject([{ ':status': 502 }]);
});
