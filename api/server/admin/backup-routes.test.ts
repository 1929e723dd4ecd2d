import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, json } from 'node:stream/consumers';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../machinery/clock.ts';
import { silentLogger } from '../../machinery/logger.ts';
import { mountBackup } from './backup-routes.ts';
import { failureResponse } from '../answer/failure.ts';
import type { ServerTypes } from '../server-environment.ts';

let read: (signal: AbortSignal) => AsyncGenerator<Uint8Array>;
let server: Server;
let ended: AbortController;

beforeEach(async () => {
  const app = new Hono<ServerTypes>();
  app.onError((error, c) => failureResponse(error, c, { logger: silentLogger }));
  ended = new AbortController();
  app.use('*', async (c, next) => {
    c.set('ended', ended.signal);
    await next();
  });
  const backups = { read: (signal: AbortSignal) => read(signal) };
  mountBackup(app, { backups, clock: systemClock, logger: silentLogger });
  server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function ask(method = 'GET'): Promise<IncomingMessage> {
  const { port } = server.address() as AddressInfo;
  const sent = request({ port, path: '/admin/backup', agent: false, method }).end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}

const messageOf = async (answer: IncomingMessage): Promise<string> =>
  ((await json(answer)) as { message: string }).message;

describe('GET /admin/backup', () => {
  it('sends what there is, to its end', async () => {
    read = async function* () {
      yield Buffer.from('one ');
      yield Buffer.from('two');
    };
    const answer = await ask();
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/gzip']);
    expect((await buffer(answer)).toString()).toBe('one two');
  });

  it('is not started by a HEAD', async () => {
    let count = 0;
    read = async function* () {
      count += 1;
      yield Buffer.from('one');
    };
    const answer = await ask('HEAD');
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'application/gzip']);
    expect((await buffer(answer)).length).toBe(0);
    expect(count).toBe(0);
  });

  it('answers with an error as long as nothing was sent', async () => {
    const fails = true;
    read = async function* () {
      if (fails) throw new Error('the database is away');
      yield Buffer.alloc(0);
    };
    const answer = await ask();
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '1']);
    expect(await messageOf(answer)).toContain('could not be started');
  });

  it('is cut when the database fails in the middle', async () => {
    read = async function* () {
      yield Buffer.from('one ');
      throw new Error('the database is away');
    };
    const answer = await ask();
    expect(answer.statusCode).toBe(200);
    await expect(buffer(answer)).rejects.toThrow('aborted');
  });

  it('is cut when its right to it is gone, also while nobody reads', async () => {
    const over = Promise.withResolvers<boolean>();
    read = async function* (signal) {
      try {
        for (;;) yield Buffer.alloc(64 * 1024);
      } finally {
        over.resolve(signal.aborted);
      }
    };
    const answer = await ask();
    answer.pause();
    ended.abort();
    expect(await over.promise).toBe(true);
    await expect(buffer(answer)).rejects.toThrow('aborted');
  });

  it('is made one at a time, no faster than it is taken, and ends with its reader', async () => {
    let pieces = 0;
    const ended = Promise.withResolvers<boolean>();
    read = async function* (signal) {
      try {
        for (;;) {
          pieces++;
          yield Buffer.alloc(64 * 1024);
        }
      } finally {
        ended.resolve(signal.aborted);
      }
    };
    const slow = await ask();
    slow.pause();
    const second = await ask();
    expect([second.statusCode, second.headers['retry-after']]).toEqual([429, '10']);
    second.resume();
    expect(pieces, 'what fits between the two').toBeLessThan(1_000);
    slow.destroy();
    expect(await ended.promise).toBe(true);
    read = async function* () {
      yield Buffer.from('again');
    };
    // The place is free a moment after the reader left.
    let third = await ask();
    while (third.statusCode === 429) {
      third.resume();
      third = await ask();
    }
    expect((await buffer(third)).toString()).toBe('again');
  });
});
