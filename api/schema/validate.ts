import type { StatusCause } from '#api/machinery/status-error';
import { requiredValue } from './field-error.ts';
import { createFindings } from './findings.ts';
import type { Findings } from './findings.ts';
import { logicCheck } from './logic-checks.ts';
import { listTypeCheck } from './list-type.ts';
import { isJsonObject } from './structural-schema.ts';
import type { JsonObject, StructuralSchema } from './structural-schema.ts';
import {
  arrayCheck,
  enumCheck,
  numberChecks,
  sizeOfObjectCheck,
  stringChecks,
  typeCheck,
} from './value-checks.ts';
import type { Check } from './value-checks.ts';

/** The validator of a whole object: every finding, in the order of the schema. */
export function compileValidator(schema: StructuralSchema): (object: unknown) => StatusCause[] {
  const validate = compileNode(schema);
  return (object) => {
    const findings = createFindings();
    validate(object, findings);
    return findings.causes;
  };
}

/**
 * One node: its type, then its logic (anyOf...), then what belongs to the type of the value, as kube-openapi orders
 * them. A value of the wrong type is still judged by the other keywords that fit it.
 */
export function compileNode(schema: StructuralSchema): Check<unknown> {
  const checkType = typeCheck(schema);
  const checkLogic = logicCheck(schema, compileNode);
  const checkEnum = enumCheck(schema);
  const strings = stringChecks(schema);
  const numbers = numberChecks(schema);
  const checkArray = compileArray(schema);
  const checkObject = compileObject(schema);
  return (value, findings) => {
    checkType?.(value, findings);
    if (value === null) return checkEnum?.(value, findings);
    checkLogic?.(value, findings);
    if (typeof value === 'string') for (const check of strings) check(value, findings);
    if (typeof value === 'number' || typeof value === 'bigint')
      for (const check of numbers) check(value, findings);
    if (Array.isArray(value)) checkArray?.(value, findings);
    checkEnum?.(value, findings);
    if (isJsonObject(value)) checkObject?.(value, findings);
  };
}

function compileArray(schema: StructuralSchema): Check<unknown[]> | undefined {
  const checkSize = arrayCheck(schema);
  const checkUnique = listTypeCheck(schema);
  const checkItem = schema.items === undefined ? undefined : compileNode(schema.items);
  if (checkSize === undefined && checkUnique === undefined && checkItem === undefined) return undefined;
  return (array, findings) => {
    const before = findings.causes.length;
    checkSize?.(array, findings);
    // An array that is far too long is not worth a look at each item.
    if (findings.causes.length > before) return;
    if (checkItem !== undefined) eachItem(array, checkItem, findings);
    checkUnique?.(array, findings);
  };
}

function eachItem(array: unknown[], check: Check<unknown>, findings: Findings): void {
  for (const [index, item] of array.entries()) {
    findings.at.push(index);
    check(item, findings);
    findings.at.pop();
  }
}

function compileObject(schema: StructuralSchema): Check<JsonObject> | undefined {
  const checkSize = sizeOfObjectCheck(schema);
  const required = schema.required ?? [];
  const known = new Map(
    Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compileNode(child)]),
  );
  const { additionalProperties } = schema;
  const other = typeof additionalProperties === 'object' ? compileNode(additionalProperties) : undefined;
  if (checkSize === undefined && required.length === 0 && known.size === 0 && other === undefined)
    return undefined;
  return (object, findings) => {
    checkSize?.(object, findings);
    for (const [name, check] of known)
      if (Object.hasOwn(object, name)) checkField(object, { name, check, findings });
    if (other !== undefined)
      for (const name of Object.keys(object))
        if (!known.has(name)) checkField(object, { name, check: other, findings });
    for (const name of required) if (!Object.hasOwn(object, name)) addRequired(name, findings);
  };
}

function checkField(
  object: JsonObject,
  field: { name: string; check: Check<unknown>; findings: Findings },
): void {
  field.findings.at.push(field.name);
  field.check(object[field.name], field.findings);
  field.findings.at.pop();
}

function addRequired(name: string, findings: Findings): void {
  findings.at.push(name);
  findings.add((field) => requiredValue(field));
  findings.at.pop();
}
