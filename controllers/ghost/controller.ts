import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { Ghost } from '#api/types/generated/ghost';
import { GHOSTS, SKILL_PACKAGES, SKILLS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { ghostReconciler } from './reconciler.ts';

const WITH_SKILLS = 'ghost:skills';

/** Watches Ghosts, and for those with skills, Skills and their packages. */
export function ghostController({
  client,
  informers,
  clock,
  logger,
  meter,
  recorder,
}: ControllerContext): Runnable {
  const ghosts = informers.of(GHOSTS);
  const skills = informers.of(SKILLS);
  const packages = informers.metadataOf(SKILL_PACKAGES);
  ghosts.addIndex(WITH_SKILLS, ({ spec }) => ((spec.skills ?? []).length > 0 ? ['yes'] : []));
  return createController({
    name: 'ghost',
    client,
    reconcile: ghostReconciler({
      ghosts,
      parts: {
        skill: (place) => skills.get(objectKey(place)),
        hasPackage: (place) => packages.get(objectKey(place)) !== undefined,
      },
      clock,
      troubles: createTroubles({ recorder: recorder('ghost-controller'), clock }),
    }),
    sources: [objects(ghosts), withSkills(ghosts, skills), withSkills(ghosts, packages)],
    clock,
    logger,
    meter,
  });
}

/** Which Skills a Ghost has is known only by following their dependencies; they change seldom. */
function withSkills<T extends KubeObject>(ghosts: Informer<Ghost>, changed: Informer<T>): Source {
  return source(changed, () => ghosts.byIndex(WITH_SKILLS, 'yes').map(({ metadata }) => objectKey(metadata)));
}
