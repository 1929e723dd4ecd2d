import { silentLogger } from '#api/machinery/logger';
import { openStore } from '#api/storage/open-store';

/** A child process of backup-damage.test.ts: begins a backup, says so and waits to be killed. */
setInterval(() => undefined, 1_000);
const store = await openStore({ url: process.argv[2] ?? '', logger: silentLogger });
for await (const _ of store.backup(new AbortController().signal)) {
  process.send?.('begun');
  await new Promise(() => undefined);
}
