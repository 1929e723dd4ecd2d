import { fieldsOf } from '../../machinery/json/json.ts';
import { parametersSchemaProblems } from '../../schema/parameters.ts';
import type { Strategy } from './strategy.ts';

/** The schema of a Team's parameters is held to the rules of those of CustomResourceDefinitions. */
export const teamStrategy: Strategy = {
  validate(team) {
    const { parametersSchema } = fieldsOf(team['spec']);
    return parametersSchema === undefined
      ? []
      : parametersSchemaProblems(parametersSchema, 'spec.parametersSchema');
  },
};
