import { invalidValue } from '../../schema/field-error.ts';
import { type Admission, fieldsOf } from './rules.ts';

/** An Event lives in the namespace of the object it is about (core validation of Events). */
export const eventAdmission: Admission = {
  judge(event) {
    const namespace = fieldsOf(event['involvedObject'])['namespace'];
    if (typeof namespace !== 'string' || namespace === '' || namespace === event.metadata.namespace)
      return [];
    return [invalidValue('involvedObject.namespace', namespace, 'does not match event.namespace')];
  },
};
