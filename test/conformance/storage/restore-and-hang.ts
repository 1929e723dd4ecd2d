import { readFileSync } from 'node:fs';
import { gunzipSync, createGzip } from 'node:zlib';
import { restoreBackup } from '#api/storage/backup/restore-backup';

/** A child process of backup-damage.test.ts: restores half of a backup, says so and waits to be killed. */
const [file = '', url = ''] = process.argv.slice(2);
const backup = readFileSync(file);
let reads = 0;

/** A line in each piece. Sixteen are read ahead; when more are asked for, those before them were taken. */
async function* half(): AsyncGenerator<Buffer> {
  const gzip = createGzip({ level: 1 });
  let piece = Buffer.alloc(0);
  gzip.on('data', (part: Buffer) => {
    piece = Buffer.concat([piece, part]);
  });
  const lines = gunzipSync(backup).toString().split('\n');
  for (const line of lines.slice(0, lines.length >> 1)) {
    gzip.write(`${line}\n`);
    await new Promise<void>((resolve) => gzip.flush(() => resolve()));
    yield piece;
    piece = Buffer.alloc(0);
  }
  process.send?.('half');
  await new Promise(() => undefined);
}

async function* whole(): AsyncGenerator<Buffer> {
  yield backup;
}

setInterval(() => undefined, 1_000);
await restoreBackup({ read: () => (reads++ === 0 ? whole() : half()), url, now: Date.now() });
