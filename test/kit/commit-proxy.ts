import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A commit that has locked the revision counter and whose last packet has not reached the database. */
export interface HeldCommit {
  /** Lets it go on. */
  release(): void;
  /** Ends the connection before the packet is sent: the database rolls back. */
  cutBefore(): void;
  /** Sends the packet, and ends the connection when the database has answered it: the answer is lost. */
  cutAfter(): Promise<void>;
}

/** A TCP proxy before a database of MySQL, which can stop a commit between its two packets. */
export interface CommitProxy extends AsyncDisposable {
  /** The database as it is seen through the proxy. */
  readonly url: string;
  /** Resolves with the next commit that comes through. One at a time. */
  hold(): Promise<HeldCommit>;
}

export async function startCommitProxy(databaseURL: string): Promise<CommitProxy> {
  const { hostname, port } = new URL(databaseURL);
  const sockets = new Set<Socket>();
  let onHeld: ((held: HeldCommit) => void) | undefined;
  const server = createServer((client) => {
    const database = connect(Number(port), hostname);
    for (const socket of [client, database]) {
      sockets.add(socket);
      // Whatever ends one side ends the other.
      socket.on('error', () => undefined);
      socket.on('close', () => [client, database].forEach((each) => each.destroy()));
    }
    let hasLocked = false;
    client.on('data', (packet) => {
      const isLast = hasLocked && packet.includes('COMMIT');
      hasLocked = packet.includes('FOR UPDATE');
      if (!isLast || onHeld === undefined) {
        database.write(packet);
        return;
      }
      onHeld(heldCommit(packet, { client, database }));
      onHeld = undefined;
    });
    database.on('data', (packet) => client.write(packet));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = new URL(databaseURL);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    hold: () =>
      new Promise((resolve) => {
        onHeld = resolve;
      }),
    async [Symbol.asyncDispose]() {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function heldCommit(packet: Buffer, { client, database }: { client: Socket; database: Socket }): HeldCommit {
  return {
    release: () => void database.write(packet),
    cutBefore: () => void client.destroy(),
    async cutAfter() {
      database.removeAllListeners('data');
      const answered = once(database, 'data');
      database.write(packet);
      await answered;
      client.destroy();
    },
  };
}
