import { defaultCustomResourceDefinition } from '../../schema/crd/default-definition.ts';
import { definitionWarnings } from '../../schema/crd/definition-warnings.ts';
import { unknownKeywords } from '../../schema/crd/decode-definition.ts';
import { validateCustomResourceDefinition } from '../../schema/crd/validate-definition.ts';
import { refuseOwnKindChange, refuseOwnKindDeletion } from '../custom-resources/own-kinds.ts';
import type { Admission } from './rules.ts';

export const customResourceDefinitionAdmission: Admission = {
  unknownFields: (crd, { compiled }) => unknownKeywords(crd, compiled.validate(crd)),
  warnings: definitionWarnings,
  complete: defaultCustomResourceDefinition,
  judge(crd, previous) {
    refuseOwnKindChange(crd, previous);
    return validateCustomResourceDefinition(crd, previous);
  },
  checkDeletion: refuseOwnKindDeletion,
};
