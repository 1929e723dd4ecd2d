import { defineResources } from '../../schema/load-crds.ts';
import type { CustomResourceDefinition } from '../../schema/load-crds.ts';
import type { Resource } from '../resource.ts';
import type { CrdNames, CrdObject } from './crd-object.ts';

/** The kinds that the CustomResourceDefinitions of users make, each made once as long as its definition stays. */
export class ServedDefinitions {
  #known = new Map<string, { key: string; resources: readonly Resource[] }>();
  readonly #onBroken: (name: string, error: unknown) => void;

  constructor(onBroken: (name: string, error: unknown) => void) {
    this.#onBroken = onBroken;
  }

  /** Forgets all others. Sorted by the names of their definitions. */
  replace(wanted: readonly { crd: CrdObject; names: CrdNames }[]): readonly Resource[] {
    const next = new Map<string, { key: string; resources: readonly Resource[] }>();
    for (const { crd, names } of wanted.toSorted((a, b) => (a.crd.name < b.crd.name ? -1 : 1))) {
      const key = identity(crd, names);
      const known = this.#known.get(crd.name);
      next.set(crd.name, known?.key === key ? known : { key, resources: this.#define(crd, names) });
    }
    this.#known = next;
    return [...next.values()].flatMap(({ resources }) => resources.filter((one) => one.served));
  }

  /** All versions, served or not. */
  versionsOf(name: string): readonly Resource[] {
    return this.#known.get(name)?.resources ?? [];
  }

  /** A definition that cannot be served must not take the others, or the server, with it. */
  #define(crd: CrdObject, names: CrdNames): readonly Resource[] {
    try {
      const { metadata, spec } = crd.stored.object as unknown as CustomResourceDefinition;
      const options = { builtIn: false, definedAt: crd.stored.revision };
      const resources = defineResources({ metadata, spec: { ...spec, names } }, options);
      if (crd.isTerminating) for (const resource of resources) resource.terminating = true;
      return resources;
    } catch (error) {
      this.#onBroken(crd.name, error);
      return [];
    }
  }
}

/** What a definition is made of: everything else of the object, such as its conditions, may change. */
function identity(crd: CrdObject, names: CrdNames): string {
  const { uid, generation } = crd.stored.object.metadata;
  return JSON.stringify([uid, generation, crd.isTerminating, names]);
}
