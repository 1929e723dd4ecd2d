import { objectKey } from '#api/machinery/meta';
import { valuesOf } from '#api/types/mcp-server';
import { MCP_SERVERS, SANDBOXES, SECRETS } from '#api/types/resources';
import { createController } from '../runtime/controller.ts';
import type { ControllerContext } from '../runtime/controller-context.ts';
import type { Runnable } from '../runtime/manager.ts';
import { controllerUIDs } from '../runtime/owned-objects.ts';
import { objects, ownersOf, referrersTo } from '../runtime/source.ts';
import { createTroubles } from '../runtime/troubles.ts';
import { mcpServerReconciler } from './reconciler.ts';

const BY_SECRET = 'mcpserver:secret';
const BY_OWNER = 'sandbox:mcpserver';

/** Watches MCPServers, the Secrets they name, and the Sandboxes that check them. */
export function mcpServerController(context: ControllerContext): Runnable {
  const { client, informers, clock, logger, meter, recorder } = context;
  const servers = informers.of(MCP_SERVERS);
  const secrets = informers.of(SECRETS);
  const sandboxes = informers.of(SANDBOXES);
  servers.addIndex(BY_SECRET, ({ metadata: { namespace }, spec }) =>
    valuesOf(spec).flatMap(({ valueFrom }) =>
      valueFrom === undefined ? [] : [objectKey({ namespace, name: valueFrom.secretKeyRef.name })],
    ),
  );
  sandboxes.addIndex(BY_OWNER, (sandbox) => controllerUIDs(sandbox, MCP_SERVERS));
  return createController({
    name: 'mcp-server',
    client,
    reconcile: mcpServerReconciler({
      servers,
      secrets,
      sandboxesOf: (uid) => sandboxes.byIndex(BY_OWNER, uid),
      clock,
      troubles: createTroubles({ recorder: recorder('mcp-server-controller'), clock }),
    }),
    failures: { find: (key) => servers.get(key), recorder: recorder('mcp-server-controller') },
    sources: [objects(servers), ownersOf(sandboxes, MCP_SERVERS), referrersTo(secrets, servers, BY_SECRET)],
    clock,
    logger,
    meter,
  });
}
