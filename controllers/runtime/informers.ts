import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { qualifiedResource } from '#api/machinery/group-version-kind';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createInformer } from './informer.ts';
import type { Informer } from './informer.ts';
import type { Runnable } from './manager.ts';

/** One informer per resource, shared by all controllers of a process: one watch and one copy each. */
export interface Informers extends Runnable {
  /**
   * The informer of a resource, or of those of its objects that `fieldSelector` selects; made when first asked
   * for. @throws Error once the informers run.
   */
  of<T extends KubeObject>(type: ResourceType<T>, fieldSelector?: string): Informer<T>;
}

export interface InformersOptions {
  client: Pick<Client, 'list' | 'watch'>;
  clock?: Clock;
  logger?: Logger;
}

export function createInformers(options: InformersOptions): Informers {
  const informers = new Map<string, Informer<KubeObject>>();
  let running = false;
  return {
    name: 'informers',
    of<T extends KubeObject>(type: ResourceType<T>, fieldSelector?: string): Informer<T> {
      const key = `${type.version}/${qualifiedResource(type)} ${fieldSelector ?? ''}`.trimEnd();
      let informer = informers.get(key) as unknown as Informer<T> | undefined;
      if (informer === undefined) {
        if (running) throw new Error(`informer of ${key} asked for after the start: nobody would run it`);
        informer = createInformer({
          ...options,
          type,
          ...(fieldSelector === undefined ? {} : { fieldSelector }),
        });
        informers.set(key, informer);
      }
      return informer;
    },
    async ready() {
      await Promise.all([...informers.values()].map((informer) => informer.synced()));
    },
    async run(signal) {
      running = true;
      await Promise.all([...informers.values()].map((informer) => informer.run(signal)));
    },
  };
}
