import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { ApiAccess } from './api-under-test.ts';

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
const bodies = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const answer = await request(url + path, { dispatcher, headers });
    if (answer.statusCode !== 200) throw new Error(`a watch was refused: ${answer.statusCode}`);
    return answer.body;
  }),
);
process.on('SIGTERM', () => process.exit(0));
console.log(`${bodies.length} watches are open`);
await Promise.all(bodies.map((body) => body.resume()));
