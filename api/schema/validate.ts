import type { StatusCause } from '../machinery/status-error.ts';
import { requiredValue } from '../structural-schema/field-error.ts';
import { createFindings } from './findings.ts';
import type { Findings } from './findings.ts';
import { effectiveFormat } from '../structural-schema/formats.ts';
import { logicCheck } from './logic-checks.ts';
import type { NodeCheck } from './node-check.ts';
import { numberCheck } from './number-checks.ts';
import { equalsPrevious, previousItems } from './ratcheting.ts';
import { isJsonObject } from '../machinery/json/json.ts';
import type { JsonObject } from '../machinery/json/json.ts';
import type { StructuralSchema } from '../structural-schema/structural-schema.ts';
import {
  arrayCheck,
  enumCheck,
  formatCheck,
  sizeOfObjectCheck,
  stringCheck,
  typeCheck,
} from './value-checks.ts';

/**
 * The validator of a whole object: every finding, in the order of the schema. With `previous`, what is wrong in parts
 * that did not change is let pass (KEP-4008).
 */
export function compileValidator(
  schema: StructuralSchema,
): (object: unknown, previous?: unknown) => StatusCause[] {
  const validate = compileNode(schema);
  return (object, previous) => {
    const findings = createFindings();
    validate(object, findings, undefined);
    if (findings.causes.length === 0 || previous === undefined) return findings.causes;
    // Comparing costs: only updates that break a rule pay for it.
    const kept = createFindings();
    validate(object, kept, previous);
    return kept.causes;
  };
}

/**
 * One node: its type, then its logic (anyOf...), then what belongs to the type of the value, as kube-openapi orders
 * them. A value of the wrong type is still judged by the other keywords that fit it.
 */
export function compileNode(schema: StructuralSchema): NodeCheck {
  const checkType = typeCheck(schema);
  const judge = compileJudge(schema, checkType !== undefined);
  const checkEnum = enumCheck(schema);
  return (value, findings, previous) => {
    const before = findings.causes.length;
    let matches = checkType === undefined || checkType(value, findings) ? 1 : 0;
    if (value === null) checkEnum?.(value, findings);
    else matches += judge(value, findings, previous);
    if (previous !== undefined && findings.causes.length > before && equalsPrevious(schema, value, previous))
      findings.causes.length = before;
    return matches;
  };
}

/** All but the type of a value that is not null. */
function compileJudge(schema: StructuralSchema, typed: boolean): NodeCheck {
  const checkLogic = logicCheck(schema, compileNode);
  const checkEnum = enumCheck(schema);
  const checkString = stringCheck(schema);
  const checkFormat = formatCheck(schema);
  const checkNumber = numberCheck(schema);
  const checkArray = compileArray(schema);
  const checkObject = compileObject(schema);
  // Of the type, the logic and the enumeration, each of which counts as one, and one for the node.
  const own = typed ? 5 : 3;
  const ofString = effectiveFormat(schema) !== undefined && checkFormat !== undefined ? 2 : 1;
  return (value, findings, previous) => {
    let matches = own;
    if (checkLogic !== undefined) matches += checkLogic(value, findings);
    if (typeof value === 'string') {
      checkString?.(value, findings);
      checkFormat?.(value, findings);
      matches += ofString;
    } else if (typeof value === 'number' || typeof value === 'bigint') {
      checkNumber?.(value, findings);
      matches += 2;
    } else if (Array.isArray(value)) matches += 2 + (checkArray?.(value, findings, previous) ?? 0);
    checkEnum?.(value, findings);
    if (isJsonObject(value)) matches += 1 + (checkObject?.(value, findings, previous) ?? 0);
    return matches;
  };
}

type PartsCheck<T> = (value: T, findings: Findings, previous: unknown) => number;

function compileArray(schema: StructuralSchema): PartsCheck<unknown[]> | undefined {
  const checkSize = arrayCheck(schema);
  const checkItem = schema.items === undefined ? undefined : compileNode(schema.items);
  if (checkSize === undefined && checkItem === undefined) return undefined;
  return (array, findings, previous) => {
    let matches = 0;
    if (checkItem !== undefined) {
      const before = previous === undefined ? undefined : previousItems(schema, previous);
      for (const [index, item] of array.entries()) {
        findings.at.push(index);
        matches += checkItem(item, findings, before?.(item));
        findings.at.pop();
      }
    }
    checkSize?.(array, findings);
    return matches;
  };
}

function compileObject(schema: StructuralSchema): PartsCheck<JsonObject> | undefined {
  const checkSize = sizeOfObjectCheck(schema);
  const required = schema.required ?? [];
  const known = new Map(
    Object.entries(schema.properties ?? {}).map(([name, child]) => [name, compileNode(child)]),
  );
  const { additionalProperties } = schema;
  const other = typeof additionalProperties === 'object' ? compileNode(additionalProperties) : undefined;
  if (checkSize === undefined && required.length === 0 && known.size === 0 && other === undefined)
    return undefined;
  return (object, findings, previous) => {
    checkSize?.(object, findings);
    const before = isJsonObject(previous) ? previous : undefined;
    let matches = 0;
    const checkField = (name: string, check: NodeCheck): void => {
      findings.at.push(name);
      matches += check(object[name], findings, fieldOf(before, name));
      findings.at.pop();
    };
    if (other !== undefined)
      for (const name of Object.keys(object)) if (!known.has(name)) checkField(name, other);
    for (const [name, check] of known) if (Object.hasOwn(object, name)) checkField(name, check);
    for (const name of required) if (!Object.hasOwn(object, name)) addRequired(name, findings);
    return matches;
  };
}

function fieldOf(object: JsonObject | undefined, name: string): unknown {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

function addRequired(name: string, findings: Findings): void {
  findings.at.push(name);
  findings.add((field) => requiredValue(field));
  findings.at.pop();
}
