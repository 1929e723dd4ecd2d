import {
  BOOL,
  BYTES,
  DOUBLE,
  DYN,
  ERROR,
  INT,
  NULL,
  STRING,
  UINT,
  formatType,
  listOf,
  mapOf,
  optionalOf,
  typeOf,
  typeParam,
} from '../language/cel-type.ts';
import type { CelType } from '../language/cel-type.ts';
import { ExpressionError } from '../language/expression-error.ts';
import type { Issue } from '../language/expression-error.ts';
import { UnsignedInteger } from '../language/expression.ts';
import type { ConstantValue, Expression, ExpressionOf } from '../language/expression.ts';
import type { Overload } from '../functions/function-declaration.ts';
import { findFunction } from '../functions/functions.ts';
import { literalIssues } from './literal-checks.ts';
import {
  TypeSubstitution,
  isDynOrError,
  mostGeneral,
  sameType,
  unwrapOptional,
} from '../language/type-substitution.ts';

/** An expression whose types are known. */
export interface CheckedExpression {
  readonly root: Expression;
  readonly type: CelType;
  readonly usesOldSelf: boolean;
  typeOf(expression: Expression): CelType;
  /** The overloads that the static types allow; undefined for nodes that call nothing. */
  overloadsOf(expression: Expression): readonly Overload[] | undefined;
}

/**
 * The static check of cel-go (checker/checker.go), with its messages: everything wrong is found in one go.
 *
 * @throws ExpressionError
 */
export function checkExpression(
  root: Expression,
  variables: ReadonlyMap<string, CelType>,
): CheckedExpression {
  const checker = new Checker(variables);
  checker.check(root);
  if (checker.issues.length > 0) throw new ExpressionError(checker.issues);
  const checked = checker.result(root);
  const issues = literalIssues(root, (expression) => checked.typeOf(expression));
  if (issues.length > 0) throw new ExpressionError(issues);
  return checked;
}

const TYPE_NAMES: Record<string, CelType> = {
  bool: typeOf(BOOL),
  bytes: typeOf(BYTES),
  double: typeOf(DOUBLE),
  int: typeOf(INT),
  list: typeOf(listOf(DYN)),
  map: typeOf(mapOf(DYN, DYN)),
  null_type: typeOf(NULL),
  string: typeOf(STRING),
  type: typeOf(typeOf(DYN)),
  uint: typeOf(UINT),
  optional_type: typeOf(optionalOf(DYN)),
};

class Checker {
  readonly issues: Issue[] = [];
  readonly #types = new Map<number, CelType>();
  readonly #overloads = new Map<number, readonly Overload[]>();
  readonly #substitution = new TypeSubstitution();
  #scope: Scope;
  #usesOldSelf = false;
  #typeVariables = 0;

  constructor(variables: ReadonlyMap<string, CelType>) {
    this.#scope = { variables, outer: undefined };
  }

  result(root: Expression): CheckedExpression {
    const typeOf = (expression: Expression): CelType =>
      this.#substitution.resolve(this.#types.get(expression.id) ?? DYN, true);
    return {
      root,
      type: typeOf(root),
      usesOldSelf: this.#usesOldSelf,
      typeOf,
      overloadsOf: (expression) => this.#overloads.get(expression.id),
    };
  }

  check(expression: Expression): CelType {
    const type = this.#typeFor(expression);
    this.#types.set(expression.id, type);
    return type;
  }

  #typeFor(expression: Expression): CelType {
    switch (expression.kind) {
      case 'const':
        return constantType(expression.value);
      case 'ident':
        return this.#identifier(expression);
      case 'select':
        return this.#select(expression);
      case 'call':
        return this.#call(expression);
      case 'list':
        return this.#list(expression);
      case 'map':
        return this.#map(expression);
      case 'fold':
        return this.#fold(expression);
    }
  }

  #identifier(expression: ExpressionOf<'ident'>): CelType {
    const { name } = expression;
    for (let scope: Scope | undefined = this.#scope; scope !== undefined; scope = scope.outer) {
      const type = scope.variables.get(name);
      if (type === undefined) continue;
      if (name === 'oldSelf' && scope.outer === undefined) this.#usesOldSelf = true;
      return type;
    }
    const type = Object.hasOwn(TYPE_NAMES, name) ? TYPE_NAMES[name] : undefined;
    return type ?? this.#undeclared(expression, name);
  }

  #select(expression: ExpressionOf<'select'>): CelType {
    const qualified = qualifiedName(expression);
    if (qualified === 'google.protobuf.Timestamp')
      return typeOf({ kind: 'timestamp', name: qualified, params: [] });
    if (qualified === 'google.protobuf.Duration')
      return typeOf({ kind: 'duration', name: qualified, params: [] });
    const type = this.#field(expression, expression.operand, expression.field);
    return expression.test ? BOOL : type;
  }

  #field(at: Expression, operand: Expression, name: string): CelType {
    const { inner, wrap } = unwrapOptional(this.#substitution.resolve(this.check(operand)));
    if (inner.kind === 'map') return wrap(this.#substitution.resolve(inner.params[1] ?? DYN));
    if (inner.kind === 'object') return wrap(this.#objectField(at, inner, name));
    if (inner.kind === 'param') {
      this.#substitution.assignable([DYN], [inner]);
      return wrap(DYN);
    }
    if (!isDynOrError(inner)) this.#add(at, `type '${formatType(inner)}' does not support field selection`);
    return wrap(DYN);
  }

  #objectField(at: Expression, type: CelType, name: string): CelType {
    const field = type.fields?.get(name);
    if (field !== undefined) return field;
    this.#add(
      at,
      type.fields === undefined
        ? `unexpected failed resolution of '${type.name}'`
        : `undefined field '${name}'`,
    );
    return ERROR;
  }

  #call(expression: ExpressionOf<'call'>): CelType {
    const { fn, args } = expression;
    if (fn === '_?._') return this.#optionalSelect(expression);
    for (const arg of args) this.check(arg);
    if (expression.target === undefined) return this.#resolve(expression, fn, args);
    const namespace = qualifiedName(expression.target);
    // `math.greatest(x)`: the receiver is the first half of a name.
    if (namespace !== undefined && findFunction(`${namespace}.${fn}`) !== undefined)
      return this.#resolve(expression, `${namespace}.${fn}`, args);
    this.check(expression.target);
    return this.#resolve(expression, fn, [expression.target, ...args], true);
  }

  #optionalSelect(expression: ExpressionOf<'call'>): CelType {
    const [operand, name] = expression.args;
    if (operand === undefined || name?.kind !== 'const') return ERROR;
    this.#types.set(name.id, STRING);
    const type = this.#field(expression, operand, String(name.value));
    this.#overloads.set(expression.id, findFunction('_?._') ?? []);
    return type.name === 'optional_type' ? type : optionalOf(type);
  }

  // oxlint-disable-next-line max-params -- whether it is a member call belongs to the call, which may hold a namespace instead
  #resolve(at: ExpressionOf<'call'>, fn: string, args: readonly Expression[], member = false): CelType {
    const overloads = findFunction(fn);
    if (overloads === undefined) return this.#undeclared(at, fn);
    if (fn === '_&&_' || fn === '_||_') return this.#logical(at, args, overloads);
    const types = args.map((arg) => this.#types.get(arg.id) ?? DYN);
    let result: CelType | undefined;
    const matching: Overload[] = [];
    for (const overload of overloads) {
      if (overload.member !== member || overload.params.length !== types.length) continue;
      const { params, result: declared } = this.#instantiate(overload);
      if (!this.#substitution.assignable(types, params)) continue;
      matching.push(overload);
      const type = this.#substitution.resolve(declared);
      if (result === undefined) result = type;
      else if (result.kind !== 'dyn' && !sameType(type, result)) result = DYN;
    }
    if (result === undefined) return this.#noOverload(at, { fn, types, member });
    this.#overloads.set(at.id, matching);
    return result;
  }

  #logical(at: Expression, args: readonly Expression[], overloads: readonly Overload[]): CelType {
    let type = BOOL;
    for (const arg of args) {
      const found = this.#types.get(arg.id) ?? DYN;
      if (this.#substitution.assignable([found], [BOOL])) continue;
      this.#add(arg, `expected type 'bool' but found '${formatType(found)}'`);
      type = ERROR;
    }
    this.#overloads.set(at.id, overloads);
    return type;
  }

  #noOverload(
    at: Expression,
    { fn, types, member }: { fn: string; types: readonly CelType[]; member: boolean },
  ): CelType {
    const [first, ...rest] = types.map((type) => formatType(this.#substitution.resolve(type, true)));
    const signature = member ? `${first}.(${rest.join(', ')})` : `(${[first, ...rest].join(', ')})`;
    this.#add(
      at,
      `found no matching overload for '${fn}' applied to '${first === undefined ? '()' : signature}'`,
    );
    return ERROR;
  }

  #instantiate(overload: Overload): { params: readonly CelType[]; result: CelType } {
    if (overload.typeParams.length === 0) return overload;
    const fresh = new Map(overload.typeParams.map((name) => [name, this.#typeVariable()]));
    const put = (type: CelType): CelType => {
      if (type.kind === 'param') return fresh.get(type.name) ?? type;
      return type.params.length === 0 ? type : { ...type, params: type.params.map(put) };
    };
    return { params: overload.params.map(put), result: put(overload.result) };
  }

  #list(expression: ExpressionOf<'list'>): CelType {
    let joined: CelType | undefined;
    for (const item of expression.items) joined = this.#join(item, joined);
    return listOf(joined ?? this.#typeVariable());
  }

  #map(expression: ExpressionOf<'map'>): CelType {
    let keys: CelType | undefined;
    let values: CelType | undefined;
    for (const [key, value] of expression.entries) {
      keys = this.#join(key, keys);
      values = this.#join(value, values);
    }
    return mapOf(keys ?? this.#typeVariable(), values ?? this.#typeVariable());
  }

  #join(expression: Expression, previous: CelType | undefined): CelType {
    const type = this.check(expression);
    if (previous === undefined) return type;
    // Mixed literals are looked at when all types are known (literal-checks.ts).
    return this.#substitution.assignable([previous], [type]) ? mostGeneral(previous, type) : DYN;
  }

  #fold(fold: ExpressionOf<'fold'>): CelType {
    const range = this.#substitution.resolve(this.check(fold.range));
    const accumulator = this.check(fold.init);
    const outer = this.#scope;
    this.#scope = { variables: new Map([[fold.accumulator, accumulator]]), outer };
    const inner = this.#scope;
    this.#scope = { variables: this.#loopVariables(fold, range), outer: inner };
    this.#assertType(fold.condition, BOOL);
    this.#assertType(fold.step, accumulator);
    this.#scope = inner;
    const type = this.check(fold.result);
    this.#scope = outer;
    return this.#substitution.resolve(type);
  }

  #loopVariables(fold: ExpressionOf<'fold'>, range: CelType): Map<string, CelType> {
    const types = this.#loopTypes(fold, range);
    const [first = '', second] = fold.variables;
    if (second === undefined) return new Map([[first, range.kind === 'list' ? types[1] : types[0]]]);
    return new Map([
      [first, types[0]],
      [second, types[1]],
    ]);
  }

  #loopTypes(fold: ExpressionOf<'fold'>, range: CelType): [CelType, CelType] {
    if (range.kind === 'list') return [INT, range.params[0] ?? DYN];
    if (range.kind === 'map') return [range.params[0] ?? DYN, range.params[1] ?? DYN];
    if (isDynOrError(range) || range.kind === 'param') {
      this.#substitution.assignable([DYN], [range]);
      return [DYN, DYN];
    }
    this.#add(
      fold.range,
      `expression of type '${formatType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`,
    );
    return [ERROR, ERROR];
  }

  #assertType(expression: Expression, expected: CelType): void {
    const type = this.check(expression);
    if (!this.#substitution.assignable([expected], [type])) this.#add(expression, mismatch(expected, type));
  }

  #typeVariable(): CelType {
    this.#typeVariables += 1;
    return typeParam(`_var${this.#typeVariables}`);
  }

  #undeclared(at: Expression, name: string): CelType {
    this.#add(at, `undeclared reference to '${name}' (in container '')`);
    return ERROR;
  }

  #add({ offset }: Expression, message: string): void {
    this.issues.push({ offset, message });
  }
}

interface Scope {
  readonly variables: ReadonlyMap<string, CelType>;
  readonly outer: Scope | undefined;
}

const mismatch = (expected: CelType, found: CelType): string =>
  `expected type '${formatType(expected)}' but found '${formatType(found)}'`;

function constantType(value: ConstantValue): CelType {
  if (value === null) return NULL;
  if (value instanceof UnsignedInteger) return UINT;
  if (value instanceof Uint8Array) return BYTES;
  if (typeof value === 'bigint') return INT;
  if (typeof value === 'number') return DOUBLE;
  return typeof value === 'string' ? STRING : BOOL;
}

function qualifiedName(expression: Expression): string | undefined {
  if (expression.kind === 'ident') return expression.name;
  if (expression.kind !== 'select' || expression.test) return undefined;
  const operand = qualifiedName(expression.operand);
  return operand === undefined ? undefined : `${operand}.${expression.field}`;
}
