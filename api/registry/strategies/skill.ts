import { fieldsOf } from '../../machinery/json/json.ts';
import { parametersSchemaProblems } from '../../schema/parameters.ts';
import type { Strategy } from './strategy.ts';

/** The schema of a Skill's parameters is held to the rules of those of CustomResourceDefinitions. */
export const skillStrategy: Strategy = {
  validate(skill) {
    const { parametersSchema } = fieldsOf(skill['spec']);
    return parametersSchema === undefined
      ? []
      : parametersSchemaProblems(parametersSchema, 'spec.parametersSchema');
  },
};
