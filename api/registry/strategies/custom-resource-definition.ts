import { defaultCustomResourceDefinition, withStorageVersion } from '../../schema/crd/default-definition.ts';
import { definitionWarnings } from '../../schema/crd/definition-warnings.ts';
import { unknownKeywords } from '../../schema/crd/decode-definition.ts';
import { validateCustomResourceDefinition } from '../../schema/crd/validate-definition.ts';
import type { Strategy } from './strategy.ts';

export const customResourceDefinitionStrategy: Strategy = {
  findUnknownFields: (crd, { compiled }) => unknownKeywords(crd, compiled.validate(crd)),
  applyDefaults: defaultCustomResourceDefinition,
  prepareForCreate: withStorageVersion,
  prepareForUpdate: withStorageVersion,
  validate: validateCustomResourceDefinition,
  warnings: definitionWarnings,
};
