import { silentLogger } from '#api/machinery/logger';
import { openStore } from '#api/storage/open-store';
import { create, taskKey } from './objects.ts';

/** A child process of faults.test.ts: writes until it is killed and reports each write that was acknowledged. */
const store = await openStore({ url: process.argv[2] ?? '', logger: silentLogger });

async function write(writer: number): Promise<void> {
  for (let i = 0; process.connected; i++) {
    const { key } = await create(store, taskKey(`w${writer}-${i}`), i);
    process.send?.(key.name);
  }
}

await Promise.all([write(0), write(1), write(2), write(3)]);
