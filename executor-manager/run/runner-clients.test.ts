import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '#api/machinery/clock';
import type { Runtime } from '../drivers/driver.ts';
import { RunnerClients } from './runner-clients.ts';

const SHARES = 10;

it('gives shares of one runner their connections in common, and the token of the runner', async () => {
  const tokens: (string | undefined)[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    tokens.push(request.headers.authorization);
    response.end(JSON.stringify({ runs: ['a', 7] }));
  }).on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const clients = new RunnerClients({
      tokenFor: (id) => ({ token: `token of ${id}` }),
      clock: systemClock,
    });
    const runtime = (id: string, sharedRunner?: string): Runtime => ({
      ...{ id, name: id, address: { host: '127.0.0.1', port }, running: true },
      ...(sharedRunner === undefined ? {} : { sharedRunner }),
    });
    const shares = Array.from({ length: SHARES }, (_, index) => clients.of(runtime(`s${index}`, 'r')));
    for (const share of shares) {
      expect(await share.list(), 'what is no id is left out').toEqual(['a']);
      // The others go on.
      if (share === shares[0]) await share.close();
    }
    expect(connections, 'one or two: an answer just read may not have given its own back').toBeLessThan(3);
    const before = connections;
    const own = clients.of(runtime('own'));
    await own.list();
    expect(tokens).toEqual([...Array<string>(SHARES).fill('Bearer token of r'), 'Bearer token of own']);
    expect(connections).toBe(before + 1);
    for (const client of [...shares, own]) await client.close();
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
