import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import type { ApiAccess } from '../servers/api-under-test.ts';

/**
 * Opens watches, says so, and throws away what comes, until it is stopped.
 * Usage: node watch-holder.ts ACCESS-FILE PATH COUNT
 */
const [file = '', path = '', count = '0'] = process.argv.slice(2);
const { url, caCertificate, headers } = JSON.parse(await readFile(file, 'utf8')) as ApiAccess;
const dispatcher = new Agent({
  connections: null,
  bodyTimeout: 0,
  allowH2: false,
  connect: caCertificate === undefined ? { rejectUnauthorized: false } : { ca: caCertificate },
});
const bodies: Awaited<ReturnType<typeof open>>[] = [];
// Few at a time: a thousand handshakes at once would run into the limit of each.
while (bodies.length < Number(count)) {
  const missing = Math.min(20, Number(count) - bodies.length);
  bodies.push(...(await Promise.all(Array.from({ length: missing }, open))));
}
process.on('SIGTERM', () => process.exit(0));
console.log(`${bodies.length} watches are open`);

async function open(): Promise<Dispatcher.ResponseData['body']> {
  const answer = await request(url + path, { dispatcher, headers });
  if (answer.statusCode !== 200) throw new Error(`a watch was refused: ${answer.statusCode}`);
  // Read from the start, or a server would take the reader for one that does not keep up.
  return answer.body.resume();
}
