import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** As much of SMTP (RFC 5321) as it takes to be sent mails. */
export interface MailServer extends AsyncDisposable {
  /** `smtp://127.0.0.1:PORT` */
  url: string;
  /** The next mail, as it came over the wire. */
  next(): Promise<string>;
}

export async function mailServer(): Promise<MailServer> {
  const mails: string[] = [];
  const readers: ((mail: string) => void)[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket, (mail) => {
      const reader = readers.shift();
      if (reader === undefined) mails.push(mail);
      else reader(mail);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next() {
      const known = mails.shift();
      return known === undefined ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(known);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function serve(socket: Socket, onMail: (mail: string) => void): void {
  let text = '';
  let isData = false;
  socket.setEncoding('utf8');
  socket.write('220 test\r\n');
  socket.on('data', (piece: string) => {
    text += piece;
    for (;;) {
      const end = text.indexOf(isData ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const part = text.slice(0, end);
      text = text.slice(end + (isData ? 5 : 2));
      if (isData) onMail(part);
      const isStart = !isData && /^DATA$/i.test(part);
      isData = isStart;
      socket.write(isStart ? '354 go on\r\n' : '250 ok\r\n');
      if (/^QUIT$/i.test(part)) socket.end();
    }
  });
}
