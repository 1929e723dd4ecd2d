import { bool, count, int, json, map, message, messages, string, strings, time } from './fields.ts';
import type { MessageFields } from './fields.ts';

/** ObjectMeta (generated.proto of k8s.io/apimachinery). */

const ownerReference: MessageFields = {
  1: string('kind'),
  3: string('name'),
  4: string('uid'),
  5: string('apiVersion'),
  6: bool('controller'),
  7: bool('blockOwnerDeletion'),
};

const managedFields: MessageFields = {
  1: string('manager'),
  2: string('operation'),
  3: string('apiVersion'),
  4: time('time'),
  6: string('fieldsType'),
  7: json('fieldsV1'),
  8: string('subresource'),
};

/** ObjectMeta, the first field of every kind. */
export const metadata = message('metadata', {
  1: string('name'),
  2: string('generateName'),
  3: string('namespace'),
  4: string('selfLink'),
  5: string('uid'),
  6: string('resourceVersion'),
  7: count('generation'),
  8: time('creationTimestamp'),
  9: time('deletionTimestamp'),
  10: int('deletionGracePeriodSeconds'),
  11: map('labels'),
  12: map('annotations'),
  13: messages('ownerReferences', ownerReference),
  14: strings('finalizers'),
  17: messages('managedFields', managedFields),
});
