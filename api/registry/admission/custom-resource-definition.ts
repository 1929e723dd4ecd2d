import { defaultCustomResourceDefinition } from '../../schema/crd/default-definition.ts';
import { validateCustomResourceDefinition } from '../../schema/crd/validate-definition.ts';
import { refuseOwnKindChange, refuseOwnKindDeletion } from '../custom-resources/own-kinds.ts';
import type { Admission } from './rules.ts';

export const customResourceDefinitionAdmission: Admission = {
  complete: defaultCustomResourceDefinition,
  judge(crd, previous) {
    refuseOwnKindChange(crd, previous);
    return validateCustomResourceDefinition(crd, previous);
  },
  checkDeletion: refuseOwnKindDeletion,
};
