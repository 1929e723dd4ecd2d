import { once } from 'node:events';
import type { Writable } from 'node:stream';

/** Resolves when `to` has taken the data, or takes nothing any longer. */
export async function handOver(to: Writable, data: Buffer): Promise<void> {
  if (!to.writable || to.write(data)) return;
  const over = new AbortController();
  const { signal } = over;
  await Promise.race([once(to, 'drain', { signal }), once(to, 'close', { signal })]).finally(() =>
    over.abort(),
  );
}
