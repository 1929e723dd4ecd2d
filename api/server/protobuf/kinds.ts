import { CRD_FIELDS } from './crd.ts';
import { bool, count, int, map, message, messages, microTime, string, strings, time } from './fields.ts';
import type { MessageFields } from './fields.ts';
import { metadata } from './metadata.ts';

/**
 * The fields of Kubernetes' own kinds by their numbers (generated.proto of k8s.io/api and k8s.io/apimachinery).
 * Only what this server stores; other fields of a message are passed over.
 */

const objectReference: MessageFields = {
  1: string('kind'),
  2: string('namespace'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: string('resourceVersion'),
  7: string('fieldPath'),
};

const eventSource: MessageFields = { 1: string('component'), 2: string('host') };

const event: MessageFields = {
  1: metadata,
  2: message('involvedObject', objectReference),
  3: string('reason'),
  4: string('message'),
  5: message('source', eventSource),
  6: time('firstTimestamp'),
  7: time('lastTimestamp'),
  8: count('count'),
  9: string('type'),
  10: microTime('eventTime'),
  11: message('series', { 1: int('count'), 2: microTime('lastObservedTime') }),
  12: string('action'),
  13: message('related', objectReference),
  14: string('reportingComponent'),
  15: string('reportingInstance'),
};

/** Of events.k8s.io/v1. */
const newEvent: MessageFields = {
  1: metadata,
  2: microTime('eventTime'),
  3: message('series', { 1: int('count'), 2: microTime('lastObservedTime') }),
  4: string('reportingController'),
  5: string('reportingInstance'),
  6: string('action'),
  7: string('reason'),
  8: message('regarding', objectReference),
  9: message('related', objectReference),
  10: string('note'),
  11: string('type'),
  12: message('deprecatedSource', eventSource),
  13: time('deprecatedFirstTimestamp'),
  14: time('deprecatedLastTimestamp'),
  15: count('deprecatedCount'),
};

const namespace: MessageFields = {
  1: metadata,
  2: message('spec', { 1: strings('finalizers') }),
  3: message('status', {
    1: string('phase'),
    2: messages('conditions', {
      1: string('type'),
      2: string('status'),
      4: time('lastTransitionTime'),
      5: string('reason'),
      6: string('message'),
    }),
  }),
};

const scale: MessageFields = {
  1: metadata,
  2: message('spec', { 1: count('replicas') }),
  3: message('status', { 1: int('replicas'), 2: string('selector') }),
};

const serviceAccount: MessageFields = {
  1: metadata,
  2: messages('secrets', objectReference),
  3: messages('imagePullSecrets', { 1: string('name') }),
  4: bool('automountServiceAccountToken'),
};

const lease: MessageFields = {
  1: metadata,
  2: message('spec', {
    1: string('holderIdentity'),
    2: int('leaseDurationSeconds'),
    3: microTime('acquireTime'),
    4: microTime('renewTime'),
    5: int('leaseTransitions'),
    6: string('strategy'),
    7: string('preferredHolder'),
  }),
};

const selector = (name: string): ReturnType<typeof message> =>
  message(name, {
    1: string('rawSelector'),
    2: messages('requirements', { 1: string('key'), 2: string('operator'), 3: strings('values') }),
  });

const selfSubjectAccessReview: MessageFields = {
  1: metadata,
  2: message('spec', {
    1: message('resourceAttributes', {
      1: string('namespace'),
      2: string('verb'),
      3: string('group'),
      4: string('version'),
      5: string('resource'),
      6: string('subresource'),
      7: string('name'),
      8: selector('fieldSelector'),
      9: selector('labelSelector'),
    }),
    2: message('nonResourceAttributes', { 1: string('path'), 2: string('verb') }),
  }),
};

/** By kind; DeleteOptions come in every group. */
const KINDS: ReadonlyMap<string, MessageFields> = new Map([
  ['ConfigMap', { 1: metadata, 2: map('data'), 3: map('binaryData', 'base64'), 4: bool('immutable') }],
  [
    'DeleteOptions',
    {
      1: int('gracePeriodSeconds'),
      2: message('preconditions', { 1: string('uid'), 2: string('resourceVersion') }),
      3: bool('orphanDependents'),
      4: string('propagationPolicy'),
      5: strings('dryRun'),
      6: bool('ignoreStoreReadErrorWithClusterBreakingPotential'),
    },
  ],
  ['CustomResourceDefinition', CRD_FIELDS],
  ['Event', event],
  ['Lease', lease],
  ['Namespace', namespace],
  ['Scale', scale],
  [
    'Secret',
    { 1: metadata, 2: map('data', 'base64'), 3: string('type'), 4: map('stringData'), 5: bool('immutable') },
  ],
  ['SelfSubjectAccessReview', selfSubjectAccessReview],
  ['SelfSubjectReview', { 1: metadata }],
  ['ServiceAccount', serviceAccount],
]);

/** The fields of a kind; undefined for one that is not sent as protobuf. */
export function protobufFields(apiVersion: string, kind: string): MessageFields | undefined {
  return apiVersion === 'events.k8s.io/v1' && kind === 'Event' ? newEvent : KINDS.get(kind);
}
