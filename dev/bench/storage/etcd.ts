import { etcd } from '../../environment/etcd.ts';
import { CLIENTS } from '../load/clients.ts';
import { fanOut } from '../load/fan-out.ts';
import { rate } from '../load/figure.ts';
import type { Figure } from '../load/figure.ts';
import { load } from '../load/load.ts';
import { sampleGhost } from '../load/sample-object.ts';
import { etcdClient } from '../servers/etcd-client.ts';
import type { EtcdClient } from '../servers/etcd-client.ts';

const COUNT = 3_000;
const SIZE = { watches: 50, events: 200 };

/**
 * The time that etcd takes for the same bytes, without anything of Kubernetes and without TLS: it flushes each put to
 * disk.
 */
export async function measureEtcd(): Promise<Figure[]> {
  await using server = await etcd();
  using stack = new DisposableStack();
  const connect = (): EtcdClient => stack.use(etcdClient(server.address));
  const clients = Array.from({ length: CLIENTS }, connect);
  const value = JSON.stringify(sampleGhost('etcd'));
  const put = (index: number): Promise<unknown> =>
    (clients[index % CLIENTS] as EtcdClient).put(`/objects/${index}`, value);
  await load({ count: 300, concurrency: CLIENTS, call: put });
  const { perSecond, ...puts } = await load({
    count: COUNT,
    concurrency: CLIENTS,
    call: put,
    pid: server.pid,
  });
  const events = await fanOut(
    {
      async open(seen, signal) {
        const watch = await connect().watch('/events/', seen);
        const ended = new Promise<void>((resolve) => {
          signal.addEventListener('abort', () => resolve(watch.end()), { once: true });
        });
        return { ended };
      },
      cause: (name) => (clients[0] as EtcdClient).put(`/events/${name}`, value),
    },
    SIZE,
  );
  const on = 'etcd';
  return [
    { name: 'etcd: put', on, value: rate(perSecond), ...puts },
    {
      name: `etcd: event to ${SIZE.watches} watches`,
      on,
      value: `${SIZE.watches * SIZE.events} events`,
      ...events,
    },
  ];
}
