import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { qualifiedResource } from '#api/machinery/group-version-kind';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createInformer } from './informer.ts';
import type { Informer, InformerOptions } from './informer.ts';
import type { Runnable } from './manager.ts';

/** One informer per resource, shared by all controllers of a process: one watch and one copy each. */
export interface Informers extends Runnable {
  /**
   * The informer of a resource, or of those of its objects that `fieldSelector` selects; made when first asked
   * for. @throws Error once the informers run.
   */
  of<T extends KubeObject>(type: ResourceType<T>, fieldSelector?: string): Informer<T>;
  /** The metadata of a resource whose objects are too large to keep. @throws Error once the informers run. */
  metadataOf(type: ResourceType): Informer<KubeObject>;
}

export interface InformersOptions {
  client: Pick<Client, 'list' | 'watch'>;
  clock?: Clock;
  logger?: Logger;
}

export function createInformers(options: InformersOptions): Informers {
  const informers = new Map<string, Informer<KubeObject>>();
  let running = false;

  function informerOf<T extends KubeObject>(type: ResourceType<T>, part: InformedPart): Informer<T> {
    const { fieldSelector = '', metadataOnly = false } = part;
    const key =
      `${type.version}/${qualifiedResource(type)} ${metadataOnly ? 'metadata' : fieldSelector}`.trimEnd();
    let informer = informers.get(key) as unknown as Informer<T> | undefined;
    if (informer === undefined) {
      if (running) throw new Error(`informer of ${key} asked for after the start: nobody would run it`);
      informer = createInformer({ ...options, type, ...part });
      informers.set(key, informer);
    }
    return informer;
  }

  return {
    name: 'informers',
    of: (type, fieldSelector) => informerOf(type, fieldSelector === undefined ? {} : { fieldSelector }),
    metadataOf: (type) => informerOf<KubeObject>(type, { metadataOnly: true }),
    async ready() {
      await Promise.all([...informers.values()].map((informer) => informer.synced()));
    },
    async run(signal) {
      running = true;
      await Promise.all([...informers.values()].map((informer) => informer.run(signal)));
    },
  };
}

/** Which objects, or which part of them. */
type InformedPart = Pick<InformerOptions<KubeObject>, 'fieldSelector' | 'metadataOnly'>;
