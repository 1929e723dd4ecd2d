import type { KubeObject } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';
import { formatMicroTime } from '#api/machinery/clock';

/** coordination.k8s.io/v1: who leads, and since when it was heard of. */
export interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

export interface LeaseSpec {
  /** Absent or empty: nobody. */
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  /** RFC 3339 with microseconds, by the clock of the holder. */
  acquireTime?: string;
  renewTime?: string;
  /** How often the holder was another one than before. */
  leaseTransitions?: number;
}

export const LEASES: ResourceType<Lease> = {
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
};

export interface Claim {
  identity: string;
  durationSeconds: number;
  /** Milliseconds since the epoch. */
  now: number;
}

/** The spec of the Lease when `identity` takes it, or goes on holding it. */
export function claimed(spec: LeaseSpec | undefined, { identity, durationSeconds, now }: Claim): LeaseSpec {
  const time = formatMicroTime(now);
  const isHeld = spec?.holderIdentity === identity;
  const transitions = spec?.leaseTransitions ?? 0;
  return {
    ...spec,
    holderIdentity: identity,
    leaseDurationSeconds: durationSeconds,
    renewTime: time,
    acquireTime: isHeld ? (spec.acquireTime ?? time) : time,
    leaseTransitions: spec === undefined || isHeld ? transitions : transitions + 1,
  };
}

/** The spec of the Lease when its holder lets go: whoever looks next may take it at once. */
export function released(spec: LeaseSpec, now: number): LeaseSpec {
  const time = formatMicroTime(now);
  return { ...spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: time, acquireTime: time };
}
