import { objectKey } from '#api/machinery/meta';
import type { KubeObject } from '#api/machinery/meta';
import type { Ghost } from '#api/types/generated/ghost';
import { referredServers } from '#api/types/mcp-server';
import { GHOSTS, MCP_SERVERS, SKILL_PACKAGES, SKILLS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Informer } from '../runtime/informer.ts';
import type { Change } from '../runtime/object-cache.ts';
import type { Runnable } from '../runtime/manager.ts';
import { objects, source } from '../runtime/source.ts';
import type { Source } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { ghostReconciler } from './reconciler.ts';

const WITH_SKILLS = 'ghost:skills';
const BY_SERVER = 'ghost:mcpserver';

/** Watches Ghosts, the MCPServers that they name, and for those with skills, Skills and their packages. */
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
  const servers = informers.of(MCP_SERVERS);
  ghosts.addIndex(BY_SERVER, (ghost) =>
    referredServers(ghost, ghost.metadata.namespace ?? '').map(({ place }) => objectKey(place)),
  );
  ghosts.addIndex(WITH_SKILLS, ({ spec }) => ((spec.skills ?? []).length > 0 ? ['yes'] : []));
  return createController({
    name: 'ghost',
    client,
    reconcile: ghostReconciler({
      ghosts,
      parts: {
        skill: (place) => skills.get(objectKey(place)),
        hasServer: (place) => servers.get(objectKey(place)) !== undefined,
        hasPackage: (place) => packages.get(objectKey(place)) !== undefined,
      },
      clock,
      troubles: createTroubles({ recorder: recorder('ghost-controller'), clock }),
    }),
    failures: { find: (key) => ghosts.get(key), recorder: recorder('ghost-controller') },
    sources: [
      objects(ghosts),
      withSkills(ghosts, skills),
      withSkills(ghosts, packages),
      source(servers, (change) => namers(ghosts, change)),
    ],
    clock,
    logger,
    meter,
  });
}

/** The Ghosts that name an MCPServer, where it comes or goes: its checks do not matter to them. */
function namers(ghosts: Informer<Ghost>, change: Change<KubeObject>): string[] {
  if ((change.old === undefined) === (change.new === undefined)) return [];
  return ghosts.byIndex(BY_SERVER, change.key).map(({ metadata }) => objectKey(metadata));
}

/** Which Skills a Ghost has is known only by following their dependencies; they change seldom. */
function withSkills<T extends KubeObject>(ghosts: Informer<Ghost>, changed: Informer<T>): Source {
  return source(changed, () => ghosts.byIndex(WITH_SKILLS, 'yes').map(({ metadata }) => objectKey(metadata)));
}
