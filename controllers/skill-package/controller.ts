import { formatApiVersion } from '#api/machinery/group-version-kind';
import type { KubeObject } from '#api/machinery/meta';
import { GHOSTS, SANDBOXES, SKILL_PACKAGES, SKILLS, TASK_REVISIONS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import type { IndexFunction } from '../runtime/object-cache.ts';
import { objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { namedByGhost, namedByRevision, namedBySandbox, namedBySkill } from './named-packages.ts';
import { skillPackageReconciler } from './reconciler.ts';

const NAMED = 'skill-package:named';

/** Watches the metadata of SkillPackages and everything that names one. */
export function skillPackageController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, recorder } = context;
  const packages = informers.metadataOf(SKILL_PACKAGES);
  const names = [
    naming(informers.of(SKILLS), namedBySkill),
    naming(informers.of(GHOSTS), namedByGhost),
    naming(informers.of(TASK_REVISIONS), namedByRevision),
    naming(informers.of(SANDBOXES), namedBySandbox),
  ];
  return createController({
    name: 'skill-package',
    reconcile: skillPackageReconciler({
      packages,
      isNamed: (key) => names.some(({ isNamed }) => isNamed(key)),
      clock,
    }),
    client,
    failures: { find: (key) => asPackage(packages.get(key)), recorder: recorder('skill-package-controller') },
    sources: [objects(packages), ...names.map((one) => one.source)],
    clock,
    logger,
  });
}

/** Of the metadata alone, the server says that they are a PartialObjectMetadata. */
const asPackage = (found: KubeObject | undefined): KubeObject | undefined =>
  found && { ...found, apiVersion: formatApiVersion(SKILL_PACKAGES), kind: SKILL_PACKAGES.kind };

interface Naming {
  isNamed(key: string): boolean;
  source: Source;
}

/** Only an object that begins or ends to name a package matters to it. */
function naming<T extends KubeObject>(informer: Informer<T>, named: IndexFunction<T>): Naming {
  informer.addIndex(NAMED, named);
  return {
    isNamed: (key) => informer.isIndexed(NAMED, key),
    source: source(informer, (change) => {
      const before = new Set(change.old === undefined ? [] : named(change.old));
      const after = new Set(change.new === undefined ? [] : named(change.new));
      return [...before, ...after].filter((key) => before.has(key) !== after.has(key));
    }),
  };
}
