import { formatApiVersion } from '../machinery/group-version-kind.ts';
import type { Logger } from '../machinery/logger.ts';
import { isStatusError } from '../machinery/status-error.ts';
import { API_SERVER_USER } from '../machinery/users/user.ts';
import { SHELLS } from '../types/resources.ts';
import { PUBLIC_NAMESPACE, PUBLIC_SHELLS } from '../types/shells/shell.ts';
import type { Registry } from './registry.ts';
import { storageResource } from './resource.ts';

const FIELD_MANAGER = 'troupe-public-shells';

/**
 * Applies the public Shells, which Bots and other Shells may refer to, at each start: an installation that is older has
 * them too, and what this version knows better is changed. A field that an administrator has changed stays as it is,
 * and so does what an earlier version has made. Several replicas may do so at once.
 */
export async function applyPublicShells(registry: Registry, logger: Logger): Promise<void> {
  const resource = registry.catalog
    .current()
    .find((one) => storageResource(one) === `shells.${SHELLS.group}`);
  if (resource === undefined) throw new Error('the kind Shell is not defined');
  for (const { shellType, label } of PUBLIC_SHELLS) {
    const body = {
      apiVersion: formatApiVersion(resource),
      kind: resource.kind,
      metadata: { name: shellType, namespace: PUBLIC_NAMESPACE, labels: { type: label } },
      spec: { shellType },
    };
    try {
      await registry.patch({
        target: { resource, namespace: PUBLIC_NAMESPACE, name: shellType },
        ...{ type: 'apply', body, force: false },
        ...{ dryRun: false, fieldValidation: 'Strict', fieldManager: FIELD_MANAGER, user: API_SERVER_USER },
      });
    } catch (error) {
      if (!isStatusError(error, 'Conflict')) throw error;
      logger.info('a public Shell is left as an administrator has changed it', { shell: shellType });
    }
  }
}
