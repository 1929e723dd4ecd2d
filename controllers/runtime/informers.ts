import type { Client } from '#api/client/client';
import type { Clock } from '#api/machinery/clock';
import { qualifiedResource } from '#api/machinery/group-version-kind';
import type { Logger } from '#api/machinery/logger';
import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { createInformer } from './informer.ts';
import type { Informer, InformerOptions, Transform } from './informer.ts';
import type { Runnable } from './manager.ts';

/** One informer per resource, shared by all controllers of a process: one watch and one copy each. */
export interface Informers extends Runnable {
  /**
   * Says what the caches keep of the objects of a resource (controller-runtime's cache.ByObject.Transform); everything where
   * nobody has said it. @throws Error once somebody has asked for its informer: that one would not know it
   */
  keep<T extends KubeObject>(type: ResourceType<T>, transform: Transform<T>): void;
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
  const transforms = new Map<string, Transform<KubeObject>>();
  let running = false;

  function informerOf<T extends KubeObject>(type: ResourceType<T>, part: InformedPart): Informer<T> {
    const { fieldSelector = '', metadataOnly = false } = part;
    const key = `${nameOf(type)} ${metadataOnly ? 'metadata' : fieldSelector}`.trimEnd();
    let informer = informers.get(key) as unknown as Informer<T> | undefined;
    if (informer === undefined) {
      if (running) throw new Error(`informer of ${key} asked for after the start: nobody would run it`);
      const transform = metadataOnly ? undefined : transforms.get(nameOf(type));
      const kept = transform === undefined ? {} : { transform: transform as unknown as Transform<T> };
      informer = createInformer({ ...options, type, ...part, ...kept });
      informers.set(key, informer);
    }
    return informer;
  }

  return {
    name: 'informers',
    keep(type, transform) {
      const name = nameOf(type);
      if ([...informers.keys()].some((key) => key === name || key.startsWith(`${name} `)))
        throw new Error(`the informer of ${name} was asked for before it was said what it keeps`);
      transforms.set(name, transform as unknown as Transform<KubeObject>);
    },
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

function nameOf(type: ResourceType): string {
  return `${type.version}/${qualifiedResource(type)}`;
}

/** Which objects, or which part of them. */
type InformedPart = Pick<InformerOptions<KubeObject>, 'fieldSelector' | 'metadataOnly'>;
