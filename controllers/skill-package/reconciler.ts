import type { Client } from '#api/client/client';
import { formatTime } from '#api/machinery/clock';
import type { Clock } from '#api/machinery/clock';
import type { KubeObject } from '#api/machinery/meta';
import { refOf } from '#api/machinery/resource-type';
import { ignoreNotFound } from '#api/machinery/status-error';
import { SKILL_PACKAGES } from '#api/types/resources';
import { UNUSED_SINCE } from '#api/types/skills/skill';
import type { Reconcile } from '../runtime/controller.ts';
import { planPackage } from './plan.ts';

export interface SkillPackageReconcilerOptions {
  /** Metadata only: a package may have megabytes. */
  packages: { get(key: string): KubeObject | undefined };
  /** Whether anything names the SkillPackage with this key. */
  isNamed: (key: string) => boolean;
  clock: Clock;
}

type PackageClient = Pick<Client, 'delete' | 'patch'>;

/**
 * Deletes a SkillPackage that nobody has named for an hour. The hour is counted from a mark in an annotation, so that it
 * goes on whichever controllers work. Whoever wants the package takes the mark off; the delete is bound to the
 * resourceVersion that was looked at, so of the two only one succeeds.
 */
export function skillPackageReconciler({
  packages,
  isNamed,
  clock,
}: SkillPackageReconcilerOptions): Reconcile<PackageClient> {
  return async (key, { client }) => {
    const found = packages.get(key);
    if (found === undefined) return undefined;
    const plan = planPackage(found, isNamed(key), clock.now());
    switch (plan.kind) {
      case 'leave':
        return undefined;
      case 'wait':
        return { requeueAfter: plan.ms };
      case 'mark unused':
        await mark(client, found, formatTime(clock.now()));
        return undefined;
      case 'mark used':
        await mark(client, found, null);
        return undefined;
      case 'delete': {
        const { uid, resourceVersion } = found.metadata;
        const preconditions = {
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        await ignoreNotFound(client.delete(SKILL_PACKAGES, refOf(found), { preconditions }));
        return undefined;
      }
    }
  };
}

/** @throws StatusError Conflict when it was written since: the next look decides again */
async function mark(client: PackageClient, found: KubeObject, unusedSince: string | null): Promise<void> {
  const { resourceVersion } = found.metadata;
  const metadata = { resourceVersion, annotations: { [UNUSED_SINCE]: unusedSince } };
  await ignoreNotFound(client.patch(SKILL_PACKAGES, refOf(found), { type: 'merge', body: { metadata } }));
}
