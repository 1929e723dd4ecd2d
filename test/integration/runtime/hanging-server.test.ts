import { on, once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { Client } from '#api/client/client';
import { createHttpClient } from '#api/client/http-client';
import { createTransport } from '#api/client/transport';
import { createManualClock } from '#api/machinery/manual-clock';
import { conflict, StatusError } from '#api/machinery/status-error';
import { createController } from '#controllers/runtime/controller';
import type { Reconcile } from '#controllers/runtime/controller';
import { startManager } from '#controllers/runtime/manager';
import { createRecorder } from '#controllers/runtime/recorder';
import { recordingLogger } from '../../kit/recording-logger.ts';
import { WIDGETS, widget } from './made-up-kinds.ts';

interface HangingServer extends AsyncDisposable {
  client: Client;
  /** Resolves when the next request has come; with what it asks for. */
  asked(): Promise<string>;
  /** Resolves when no request is under way. */
  idle(): Promise<void>;
}

/** A server that takes requests and never answers them; with `begin`, it begins an answer and stops in the middle. */
async function hangingServer({ begin = false } = {}): Promise<HangingServer> {
  const server = createServer();
  const requests = on(server, 'request');
  const open = new Set<Promise<unknown>>();
  server.on('request', (_request, response) => {
    const closed = once(response, 'close');
    open.add(closed);
    void closed.then(() => open.delete(closed));
    if (begin) response.writeHead(200, { 'content-length': '1000' }).write('{');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const transport = createTransport({
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { current: () => Promise.resolve({ headers: {} }) },
  });
  return {
    client: createHttpClient({ transport }),
    async asked() {
      const { value } = (await requests.next()) as { value: [{ method: string; url: string }] };
      return `${value[0].method} ${value[0].url}`;
    },
    async idle() {
      await Promise.all(open);
    },
    async [Symbol.asyncDispose]() {
      await transport.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const REF = { namespace: 'default', name: 'a' };

async function firstOf(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of events) return;
}

const CALLS: Record<Exclude<keyof Client, 'within'>, (client: Client) => Promise<unknown>> = {
  get: (client) => client.get(WIDGETS, REF),
  find: (client) => client.find(WIDGETS, REF),
  list: (client) => client.list(WIDGETS),
  create: (client) => client.create(WIDGETS, widget('a')),
  createPart: (client) => client.createPart(WIDGETS, REF, { subresource: 'parts', body: {} }),
  update: (client) => client.update(WIDGETS, widget('a')),
  updateStatus: (client) => client.updateStatus(WIDGETS, widget('a')),
  finalize: (client) => client.finalize(WIDGETS, widget('a')),
  patch: (client) => client.patch(WIDGETS, REF, { type: 'merge', body: {} }),
  apply: (client) => client.apply(WIDGETS, widget('a'), { fieldManager: 'test', force: false }),
  delete: (client) => client.delete(WIDGETS, REF),
  deleteCollection: (client) => client.deleteCollection(WIDGETS, { namespace: 'default' }),
  discover: (client) => client.discover(),
  watch: (client) => firstOf(client.watch(WIDGETS, {})),
};

const cases = Object.entries(CALLS).flatMap(([verb, call]) => [
  { reason: `${verb}, when no answer has begun`, begin: false, call },
  { reason: `${verb}, in the middle of the answer`, begin: true, call },
]);

describe('a client bound to a signal', () => {
  it.each(cases)('cuts $reason', async ({ begin, call }) => {
    await using server = await hangingServer({ begin });
    const [outer, inner] = [new AbortController(), new AbortController()];
    const asking = call(server.client.within(outer.signal).within(inner.signal));
    const [outcome] = await Promise.all([
      asking.catch((error: unknown) => error),
      server.asked().then(() => outer.abort(new Error('enough'))),
    ]);
    expect(outcome).toEqual(new Error('enough'));
    await server.idle();
  });

  it('sends nothing when the signal has aborted before', async () => {
    await using server = await hangingServer();
    const client = server.client.within(AbortSignal.abort(new Error('over')));
    await expect(client.get(WIDGETS, REF)).rejects.toThrow('over');
    await server.idle();
  });
});

const LIMIT_MS = 60_000;

/** A controller with one key to work on. Its time stands still unless the test moves it. */
async function working(server: HangingServer, reconcile: Reconcile) {
  const clock = createManualClock();
  const logger = recordingLogger();
  const recorder = createRecorder({ client: server.client, component: 'test', clock, logger });
  const controller = createController({
    ...{ name: 'test', client: server.client, clock, logger },
    reconcile,
    failures: undefined,
    sources: [{ start: (enqueue) => enqueue('default/a') }],
    timeoutMs: LIMIT_MS,
  });
  const manager = await startManager({ groups: [[recorder], [controller]], clock, logger });
  return { clock, logger, manager, recorder };
}

describe('a reconcile whose server never answers', () => {
  it.each<{ reason: string; reconcile: Reconcile }>([
    {
      reason: 'what it throws is the abort',
      reconcile: async (_key, { client }) => void (await client.get(WIDGETS, REF)),
    },
    {
      reason: 'it takes the abort for a Conflict',
      reconcile: async (_key, { client }) => {
        await client.get(WIDGETS, REF).catch(() => {
          throw conflict(WIDGETS, 'a');
        });
      },
    },
    {
      reason: 'it takes the abort for an object that is not there',
      reconcile: async (_key, { client }) => {
        await client.get(WIDGETS, REF).catch(() => {
          throw new StatusError('NotFound', 'not found');
        });
      },
    },
  ])('ends at its limit, says so and is tried again ($reason)', async ({ reconcile }) => {
    await using server = await hangingServer();
    const { clock, logger, manager } = await working(server, reconcile);
    expect(await server.asked()).toBe('GET /apis/made.up/v1/namespaces/default/widgets/a');
    clock.advance(LIMIT_MS);
    await server.idle();
    await expect.poll(() => logger.lines.join('\n')).toContain('reconcile failed, trying again');
    expect(logger.lines.join('\n')).toContain('the reconcile took longer than 60000 ms');
    clock.advance(5);
    await server.asked();
    await manager.stop();
    await server.idle();
  });

  it('is cut by a stop, without any time passing', async () => {
    await using server = await hangingServer();
    const { clock, manager } = await working(server, async (_key, { client }) => {
      await client.updateStatus(WIDGETS, widget('a'));
    });
    await server.asked();
    await manager.stop();
    await server.idle();
    expect(clock.pending).toBe(0);
  });

  it('keeps a stop no longer than the last words of the recorder may take', async () => {
    await using server = await hangingServer();
    const { clock, manager, recorder } = await working(server, () => Promise.resolve());
    recorder.event(widget('a'), { type: 'Normal', reason: 'Started', message: 'Started the widget' });
    await server.asked();
    const stopping = manager.stop();
    // The controllers stop first; then the recorder is told, which is what begins its time.
    await expect.poll(() => clock.pending).toBe(2);
    clock.advance(2000);
    await stopping;
    await server.idle();
  });
});
