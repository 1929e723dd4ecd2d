import { checkParameters } from '#api/schema/parameters';
import type { JsonObject } from '#api/machinery/json/json';
import type { Task } from '#api/types/generated/task';

type Schema = Record<string, unknown> | undefined;

/** Everything wrong with the parameters of a Task, as a sentence; undefined when all is well. The server has judged them if it could. */
export function parametersProblem(parameters: JsonObject = {}, schema: Schema): string | undefined {
  if (schema === undefined) return undefined;
  const { causes } = checkParameters(schema, parameters, 'spec.parameters');
  const texts = causes.map(({ field = '', message }) => `${field}: ${message}`);
  return texts.length === 0 ? undefined : `${texts.join('; ')}.`;
}

/** The parameters of the Task with the defaults of the schema; undefined where the Team takes none. */
export function parametersOf({ spec }: Task, schema: Schema): Record<string, unknown> | undefined {
  return schema === undefined ? undefined : checkParameters(schema, spec.parameters ?? {}, '').values;
}
