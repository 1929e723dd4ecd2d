import type {
  V1NetworkPolicySpec,
  V1PersistentVolumeClaimSpec,
  V1PodSpec,
  V1PodStatus,
} from '@kubernetes/client-node';
import type { KubeObject, ObjectMeta } from '#api/machinery/meta';
import type { ResourceType } from '#api/machinery/resource-type';

/** Of v1. */
export interface Pod extends KubeObject {
  spec: V1PodSpec;
  status?: V1PodStatus;
}

/** Of v1. */
export interface Claim extends KubeObject {
  spec: V1PersistentVolumeClaimSpec;
}

/** Of v1, as much as a Pod needs to pull its image. */
export interface PullSecret extends KubeObject {
  type: 'kubernetes.io/dockerconfigjson';
  stringData: { '.dockerconfigjson': string };
}

/** Of networking.k8s.io/v1. */
export interface NetworkPolicy extends KubeObject {
  spec: V1NetworkPolicySpec;
}

/** Of authorization.k8s.io/v1. */
export interface AccessReview extends KubeObject {
  spec: { resourceAttributes: ResourceAttributes };
  status?: { allowed?: boolean; reason?: string };
}

export interface ResourceAttributes {
  namespace: string;
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
}

const v1 = { group: '', version: 'v1', namespaced: true } as const;

export const PODS: ResourceType<Pod> = { ...v1, kind: 'Pod', plural: 'pods' };
export const CLAIMS: ResourceType<Claim> = {
  ...v1,
  ...{ kind: 'PersistentVolumeClaim', plural: 'persistentvolumeclaims' },
};
export const PULL_SECRETS: ResourceType<PullSecret> = { ...v1, kind: 'Secret', plural: 'secrets' };
export const NETWORK_POLICIES: ResourceType<NetworkPolicy> = {
  ...v1,
  ...{ group: 'networking.k8s.io', kind: 'NetworkPolicy', plural: 'networkpolicies' },
};
export const ACCESS_REVIEWS: ResourceType<AccessReview> = {
  ...{ group: 'authorization.k8s.io', version: 'v1', namespaced: false },
  ...{ kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews' },
};

/** The metadata of an object of a runtime, all of which have its id as their name. */
export type RuntimeMeta = ObjectMeta & { namespace: string; labels: Record<string, string> };
