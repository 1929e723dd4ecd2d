/**
 * The fields of Kubernetes' own kinds by their numbers (generated.proto of k8s.io/api and k8s.io/apimachinery).
 * Only what this server stores; other fields of a message are passed over.
 */

export type FieldType =
  | { type: 'base64' | 'bool' | 'int' | 'microTime' | 'string' | 'time' }
  | { type: 'map'; values: 'base64' | 'string' }
  | { type: 'message'; fields: MessageFields };

export interface FieldDescriptor {
  name: string;
  type: FieldType;
  repeated?: boolean;
}

export type MessageFields = Readonly<Record<number, FieldDescriptor>>;

const simple = (type: 'base64' | 'bool' | 'int' | 'microTime' | 'string' | 'time') => (name: string) => ({
  name,
  type: { type },
});
const string = simple('string');
const int = simple('int');
const bool = simple('bool');
const time = simple('time');
const microTime = simple('microTime');
const strings = (name: string): FieldDescriptor => ({ ...string(name), repeated: true });
const map = (name: string, values: 'base64' | 'string' = 'string'): FieldDescriptor => ({
  name,
  type: { type: 'map', values },
});
const message = (name: string, fields: MessageFields): FieldDescriptor => ({
  name,
  type: { type: 'message', fields },
});
const messages = (name: string, fields: MessageFields): FieldDescriptor => ({
  ...message(name, fields),
  repeated: true,
});

const ownerReference: MessageFields = {
  1: string('kind'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: bool('controller'),
  7: bool('blockOwnerDeletion'),
};

const metadata = message('metadata', {
  1: string('name'),
  2: string('generateName'),
  3: string('namespace'),
  5: string('uid'),
  6: string('resourceVersion'),
  7: int('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  10: int('deletionGracePeriodSeconds'),
  11: map('labels'),
  12: map('annotations'),
  13: messages('ownerReferences', ownerReference),
  14: strings('finalizers'),
});

const objectReference: MessageFields = {
  1: string('kind'),
  2: string('namespace'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: string('resourceVersion'),
  7: string('fieldPath'),
};

const event: MessageFields = {
  1: metadata,
  2: message('involvedObject', objectReference),
  3: string('reason'),
  4: string('message'),
  5: message('source', { 1: string('component'), 2: string('host') }),
  6: time('firstTimestamp'),
  7: time('lastTimestamp'),
  8: int('count'),
  9: string('type'),
  10: microTime('eventTime'),
  11: message('series', { 1: int('count'), 2: microTime('lastObservedTime') }),
  12: string('action'),
  13: message('related', objectReference),
  14: string('reportingComponent'),
  15: string('reportingInstance'),
};

const lease: MessageFields = {
  1: metadata,
  2: message('spec', {
    1: string('holderIdentity'),
    2: int('leaseDurationSeconds'),
    3: microTime('acquireTime'),
    4: microTime('renewTime'),
    5: int('leaseTransitions'),
  }),
};

/** By kind; the names are unique among the kinds served here. */
export const PROTOBUF_KINDS: ReadonlyMap<string, MessageFields> = new Map([
  ['ConfigMap', { 1: metadata, 2: map('data'), 3: map('binaryData', 'base64'), 4: bool('immutable') }],
  [
    'DeleteOptions',
    {
      1: int('gracePeriodSeconds'),
      2: message('preconditions', { 1: string('uid'), 2: string('resourceVersion') }),
      4: string('propagationPolicy'),
      5: strings('dryRun'),
    },
  ],
  ['Event', event],
  ['Lease', lease],
  ['Namespace', { 1: metadata, 2: message('spec', { 1: strings('finalizers') }) }],
  [
    'Secret',
    { 1: metadata, 2: map('data', 'base64'), 3: string('type'), 4: map('stringData'), 5: bool('immutable') },
  ],
]);
