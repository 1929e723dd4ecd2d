import { compileSource } from '../../cel/compiling/compile-source.ts';
import { DYN, STRING, listOf, mapOf, objectType } from '../../cel/language/cel-type.ts';
import type { CelType } from '../../cel/language/cel-type.ts';
import { childrenOf } from '../../cel/language/expression.ts';
import type { Expression } from '../../cel/language/expression.ts';
import { jsonValue } from '../../cel/values/json-value.ts';
import { CelList } from '../../cel/values/value.ts';
import type { Value } from '../../cel/values/value.ts';
import type { User } from '../../machinery/users/user.ts';
import type { Claims } from './claims.ts';

/** An expression over claims or a user, as it is configured (apiserver pkg/authentication/cel). */
export interface ClaimExpression {
  readonly source: string;
  readonly root: Expression;
  /** @throws Error where the expression has no value */
  evaluate(input: Value): Value;
}

const STRINGS = listOf(STRING);
const CLAIMS: ReadonlyMap<string, CelType> = new Map([['claims', mapOf(STRING, DYN)]]);
const USER: ReadonlyMap<string, CelType> = new Map([
  [
    'user',
    objectType(
      'kubernetes.UserInfo',
      new Map([
        ['username', STRING],
        ['uid', STRING],
        ['groups', STRINGS],
        ['extra', mapOf(STRING, STRINGS)],
      ]),
    ),
  ],
]);
/** The bound on work that upstream's costs hardly count; see Evaluation.labour. */
const WORK = 10_000_000;

/** Of a claim's value, whose type only shows when there is one. A text says what is wrong. */
export const compileClaims = (source: string): ClaimExpression | string => compile(source, CLAIMS);

export const compileClaimsRule = (source: string): ClaimExpression | string =>
  ruleOf(compile(source, CLAIMS));

export const compileUserRule = (source: string): ClaimExpression | string => ruleOf(compile(source, USER));

function compile(
  source: string,
  variables: ReadonlyMap<string, CelType>,
): (ClaimExpression & { type: CelType }) | string {
  const compiled = compileSource(source, variables);
  if (typeof compiled === 'string') return compiled;
  const { checked, run } = compiled;
  return {
    source,
    root: checked.root,
    type: checked.type,
    evaluate(input) {
      const { value, error } = run([input], WORK);
      if (value !== undefined) return value;
      throw new Error(`expression '${source}' resulted in error: ${error ?? ''}`);
    },
  };
}

const ruleOf = (compiled: ReturnType<typeof compile>): ClaimExpression | string =>
  typeof compiled === 'string' || compiled.type.kind === 'bool' ? compiled : 'must evaluate to bool';

export const claimsValue = (claims: Claims): Value => jsonValue(claims);

export const userValue = ({ name, uid = '', groups, extra = {} }: User): Value =>
  jsonValue({ username: name, uid, groups, extra });

/** Whether the expression reads the field of `claims` (apiserver apis/apiserver/validation hasSelectExp). */
export function readsClaim(expression: Expression, field: string): boolean {
  if (isClaim(expression, field)) return true;
  return childrenOf(expression).some((child) => readsClaim(child, field));
}

function isClaim(expression: Expression, field: string): boolean {
  if (expression.kind === 'select') return isClaims(expression.operand) && expression.field === field;
  if (expression.kind !== 'call' || expression.fn !== '_?._') return false;
  const [of, name] = expression.args;
  return of !== undefined && isClaims(of) && name?.kind === 'const' && name.value === field;
}

const isClaims = (expression: Expression): boolean =>
  expression.kind === 'ident' && expression.name === 'claims';

/** A text, or a list of texts; empty ones count as absent. @throws Error for anything else */
export function textsOf(value: Value): string[] {
  const items = value instanceof CelList ? [...value] : value === null ? [] : [value];
  if (items.every((item) => typeof item === 'string')) return items.filter((item) => item !== '');
  throw new Error('expression must return a string or a list of strings');
}
