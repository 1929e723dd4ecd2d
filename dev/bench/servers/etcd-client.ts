import path from 'node:path';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { ClientDuplexStream, ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

interface WatchResponse {
  created: boolean;
  events: readonly { kv: { key: Buffer; value: Buffer } }[];
}

/** One client of etcd, on a connection of its own as those of our API are. */
export interface EtcdClient extends Disposable {
  put(key: string, value: string): Promise<unknown>;
  /** Watches every key that begins with `prefix`; resolves once etcd has begun. */
  watch(prefix: string, seen: (key: string) => void): Promise<{ end: () => void }>;
}

type Put = (
  request: { key: Buffer; value: Buffer },
  done: (error: Error | null, answer: unknown) => void,
) => void;

const loaded = loadSync(path.join(import.meta.dirname, 'etcd.proto'), { keepCase: true, defaults: true });
const services = loadPackageDefinition(loaded)['etcdserverpb'] as unknown as Record<
  'KV' | 'Watch',
  ServiceClientConstructor
>;
/** Without it all clients of a process would share one connection. */
const OWN_CONNECTION = { 'grpc.use_local_subchannel_pool': 1 };

export function etcdClient(address: string): EtcdClient {
  const kv = new services.KV(address, credentials.createInsecure(), OWN_CONNECTION);
  const watcher = new services.Watch(address, credentials.createInsecure(), OWN_CONNECTION);
  const put = promisify((kv['Put'] as Put).bind(kv));
  return {
    put: (key, value) => put({ key: Buffer.from(key), value: Buffer.from(value) }),
    watch(prefix, seen) {
      const stream = (watcher['Watch'] as () => ClientDuplexStream<unknown, WatchResponse>).call(watcher);
      const key = Buffer.from(prefix);
      stream.write({ create_request: { key, range_end: afterPrefix(key) } });
      return new Promise((resolve, reject) => {
        // An error after its end is no longer a failure.
        stream.on('error', reject);
        stream.on('data', ({ created, events }: WatchResponse) => {
          if (created) resolve({ end: () => stream.cancel() });
          for (const event of events) seen(event.kv.key.toString());
        });
      });
    },
    [Symbol.dispose]() {
      kv.close();
      watcher.close();
    },
  };
}

/** The first key behind all those that begin with the prefix, which ends below 255. */
function afterPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  end[end.length - 1] = (end.at(-1) ?? 0) + 1;
  return end;
}
