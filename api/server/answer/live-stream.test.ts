import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../machinery/clock.ts';
import { openLiveStream } from './live-stream.ts';
import type { LiveStream } from './live-stream.ts';

/** Timers fire when the test says so. */
function handClock(): Clock & { fire(ms: number): void; waiting(): number[] } {
  const timers = new Map<() => void, number>();
  return {
    now: () => 0,
    after(ms, fn) {
      timers.set(fn, ms);
      return () => timers.delete(fn);
    },
    fire: (ms) => [...timers].filter(([, after]) => after === ms).forEach(([fn]) => fn()),
    waiting: () => [...timers.values()],
  };
}

let server: Server;
let clock: ReturnType<typeof handClock>;
let closing: AbortController;

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  clock = handClock();
  closing = new AbortController();
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** A stream and its reader, who has its headers and has read nothing yet. */
async function open(timeoutMs?: number): Promise<{ stream: LiveStream; reader: IncomingMessage }> {
  const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
  const sent = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  sent.end();
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  const [, response] = await asked;
  const stream = openLiveStream(response, {
    contentType: 'text/plain',
    clock,
    closing: closing.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  // Nothing was written: the headers came by themselves.
  const [reader] = await answered;
  reader.on('error', () => undefined);
  return { stream, reader };
}

/** More than all buffers between the two hold. */
const FLOOD = Array.from({ length: 400 }, () => 'x'.repeat(64 * 1024));

describe('a live stream', () => {
  it('is over from the start when the reader left before', async () => {
    const asked = once(server, 'request') as Promise<[IncomingMessage, ServerResponse]>;
    const sent = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
    sent.on('error', () => undefined);
    sent.end();
    const [, response] = await asked;
    const left = once(response, 'close');
    sent.destroy();
    await left;
    const stream = openLiveStream(response, { contentType: 'text/plain', clock, closing: closing.signal });
    expect(stream.signal.aborted).toBe(true);
  });

  it('keeps a time that is longer than a timer of Node can be', async () => {
    const { stream } = await open(99_999_999_999_000);
    expect(clock.waiting()).toEqual([2 ** 31 - 1]);
    stream.end();
  });

  it('writes what it is given, in order', async () => {
    const { stream, reader } = await open();
    const all = text(reader);
    await stream.write(['a\n', 'b\n']);
    await stream.write(['c\n']);
    stream.end();
    expect(await all).toBe('a\nb\nc\n');
    expect(clock.waiting()).toEqual([]);
  });

  it('waits for a reader who is slow', async () => {
    const { stream, reader } = await open();
    const written = stream.write(FLOOD).then(() => stream.end());
    while (!clock.waiting().includes(30_000)) await new Promise((resolve) => setImmediate(resolve));
    const all = await text(reader);
    await written;
    expect(all).toHaveLength(400 * 64 * 1024);
  });

  it('cuts off a reader who takes nothing', async () => {
    const { stream, reader } = await open();
    const written = stream.write(FLOOD);
    while (!clock.waiting().includes(30_000)) await new Promise((resolve) => setImmediate(resolve));
    const cut = once(reader, 'error');
    clock.fire(30_000);
    await expect(written).rejects.toThrow('does not take what it asked for');
    reader.resume();
    await cut;
  });

  it('is over when the reader leaves', async () => {
    const { stream, reader } = await open(5_000);
    const left = once(stream.signal, 'abort');
    reader.destroy();
    await left;
    await expect(stream.write(['late'])).rejects.toThrow('the reader went away');
    expect(clock.waiting(), 'no timer stays').toEqual([]);
  });

  it('is over when its time is, and when the server stops', async () => {
    const timed = await open(5_000);
    clock.fire(5_000);
    expect(timed.stream.signal.aborted).toBe(true);
    const stopped = await open();
    const waiting = stopped.stream.write(FLOOD);
    closing.abort(new Error('the server stops'));
    await expect(waiting).rejects.toThrow('the server stops');
  });
});
