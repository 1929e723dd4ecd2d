import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import { createRunnerClient } from './runner-client.ts';

/** A runner that an agent has taken over. */
async function hostile(answer: RequestListener) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const runner = createRunnerClient({ address: { host: '127.0.0.1', port }, token: 't', clock: systemClock });
  return {
    runner,
    async [Symbol.asyncDispose]() {
      await runner.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Never ends, as fast as it is read. */
const endless =
  (status: number): RequestListener =>
  (_, response) => {
    response.writeHead(status);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
    };
    response.on('drain', more);
    more();
  };

describe('the client of a runner', () => {
  it.each([
    [200, 'BadRequest', 'a state'],
    [500, 'BadRequest', 'an error'],
  ])('%d without end is not read without end', async (status, want, reason) => {
    await using on = await hostile(endless(status));
    await expect(on.runner.get('r'), reason).rejects.toMatchObject({ reason: want });
  });

  it('that nothing answers names the address that was tried, and what may help', async () => {
    const port = await unusedPort();
    const runner = createRunnerClient({
      address: { host: '127.0.0.1', port, hint: 'look at the network' },
      token: 't',
      clock: systemClock,
    });
    const asking = runner.ready(1, new AbortController().signal);
    await expect(asking).rejects.toMatchObject({
      reason: 'Timeout',
      message: expect.stringMatching(
        new RegExp(`within 0.001 s: nothing answers at 127.0.0.1:${port} \\(look at the network\\)`),
      ),
    });
    await runner.close();
  });

  it('an event without end is not read without end', async () => {
    await using on = await hostile(endless(200));
    const events = on.runner.events('r', 0, new AbortController().signal);
    await expect(events[Symbol.asyncIterator]().next()).rejects.toMatchObject({ reason: 'InternalError' });
  });
});
