import { ExpressionError } from './expression-error.ts';
import { ACCUMULATOR } from './expression.ts';
import type { ConstantValue, Expression, ExpressionOf, Fold } from './expression.ts';

/** The macros of cel-go (parser/macro.go, ext/comprehensions.go, cel/library.go): calls that stand for folds. */
export function expandMacro(call: ExpressionOf<'call'>, nextId: () => number): Expression | undefined {
  const macro = MACROS[`${call.target === undefined ? '' : '.'}${call.fn}/${call.args.length}`];
  return macro?.(new MacroBuilder(call, nextId));
}

class MacroBuilder {
  readonly call: ExpressionOf<'call'>;
  readonly args: readonly Expression[];
  readonly #nextId: () => number;

  constructor(call: ExpressionOf<'call'>, nextId: () => number) {
    this.call = call;
    this.args = call.args;
    this.#nextId = nextId;
  }

  /** Every node a macro makes is reported at the place of its call. */
  get #at(): { id: number; offset: number } {
    return { id: this.#nextId(), offset: this.call.offset };
  }

  get target(): Expression {
    return this.call.target ?? this.call;
  }

  arg(index: number): Expression {
    return this.args[index] ?? this.call;
  }

  constant(value: ConstantValue): Expression {
    return { ...this.#at, kind: 'const', value };
  }

  ident(name = ACCUMULATOR): Expression {
    return { ...this.#at, kind: 'ident', name };
  }

  apply(fn: string, ...args: Expression[]): Expression {
    return { ...this.#at, kind: 'call', fn, target: undefined, args };
  }

  member(fn: string, target: Expression): Expression {
    return { ...this.#at, kind: 'call', fn, target, args: [] };
  }

  list(...items: Expression[]): Expression {
    return { ...this.#at, kind: 'list', items };
  }

  emptyMap(): Expression {
    return { ...this.#at, kind: 'map', entries: [] };
  }

  test(select: ExpressionOf<'select'>): Expression {
    return { ...select, ...this.#at, offset: this.call.offset, test: true };
  }

  fold(fold: Partial<Fold> & Pick<Fold, 'init' | 'step' | 'variables'>): Expression {
    return {
      ...this.#at,
      kind: 'fold',
      range: this.target,
      accumulator: ACCUMULATOR,
      condition: fold.condition ?? this.constant(true),
      result: fold.result ?? this.ident(),
      ...fold,
    };
  }

  /** The names of the loop variables, which are the first arguments. */
  variables(count: number, complaint: string): string[] {
    const names = this.args.slice(0, count).map((arg) => {
      if (arg.kind !== 'ident') throw new ExpressionError([{ offset: arg.offset, message: complaint }]);
      return arg.name;
    });
    if (count === 2 && names[0] === names[1])
      throw new ExpressionError([
        { offset: this.arg(1).offset, message: `duplicate variable name: ${names[0]}` },
      ]);
    return names;
  }
}

type Macro = (build: MacroBuilder) => Expression;

const SIMPLE_NAME = 'argument must be a simple name';

const all =
  (count: number): Macro =>
  (build) =>
    build.fold({
      variables: build.variables(count, SIMPLE_NAME),
      init: build.constant(true),
      condition: build.apply('@not_strictly_false', build.ident()),
      step: build.apply('_&&_', build.ident(), build.arg(count)),
    });

const exists =
  (count: number): Macro =>
  (build) =>
    build.fold({
      variables: build.variables(count, SIMPLE_NAME),
      init: build.constant(false),
      condition: build.apply('@not_strictly_false', build.apply('!_', build.ident())),
      step: build.apply('_||_', build.ident(), build.arg(count)),
    });

const existsOne =
  (count: number): Macro =>
  (build) =>
    build.fold({
      variables: build.variables(count, SIMPLE_NAME),
      init: build.constant(0n),
      step: build.apply(
        '_?_:_',
        build.arg(count),
        build.apply('_+_', build.ident(), build.constant(1n)),
        build.ident(),
      ),
      result: build.apply('_==_', build.ident(), build.constant(1n)),
    });

const keptWhen = (build: MacroBuilder, filter: Expression | undefined, step: Expression): Expression =>
  filter === undefined ? step : build.apply('_?_:_', filter, step, build.ident());

const append = (build: MacroBuilder, item: Expression): Expression =>
  build.apply('_+_', build.ident(), build.list(item));

/** map with one variable, transformList with two; a filter may stand before the transformation. */
const toList =
  (count: number, complaint: string): Macro =>
  (build) => {
    const filter = build.args.length > count + 1 ? build.arg(count) : undefined;
    const variables = build.variables(count, complaint);
    const step = keptWhen(build, filter, append(build, build.arg(build.args.length - 1)));
    return build.fold({ variables, init: build.list(), step });
  };

const filter: Macro = (build) =>
  build.fold({
    variables: build.variables(1, 'argument is not an identifier'),
    init: build.list(),
    step: keptWhen(build, build.arg(1), append(build, build.arg(0))),
  });

/** transformMap keeps the key, transformMapEntry makes a map of one entry. */
const toMap =
  (keepsKey: boolean): Macro =>
  (build) => {
    const condition = build.args.length > 3 ? build.arg(2) : undefined;
    const variables = build.variables(2, SIMPLE_NAME);
    const transform = build.arg(build.args.length - 1);
    const key = keepsKey ? [build.ident(variables[0])] : [];
    const step = keptWhen(build, condition, build.apply('cel.@mapInsert', build.ident(), ...key, transform));
    return build.fold({ variables, init: build.emptyMap(), step });
  };

const has: Macro = (build) => {
  const arg = build.arg(0);
  if (arg.kind === 'select') return build.test(arg);
  throw new ExpressionError([{ offset: arg.offset, message: 'invalid argument to has() macro' }]);
};

/** cel-go's way to bind a name: a fold over nothing, whose accumulator is the name. */
const bind = (
  build: MacroBuilder,
  { name, value, result }: { name: string; value: Expression; result: Expression },
): Expression =>
  build.fold({
    range: build.list(),
    variables: ['#unused'],
    accumulator: name,
    init: value,
    condition: build.constant(false),
    step: build.ident(name),
    result,
  });

const optionalMap =
  (fn: string, wrap: boolean): Macro =>
  (build) => {
    const [name = ''] = build.variables(1, `${fn}() variable name must be a simple identifier`);
    const mapped = bind(build, { name, value: build.member('value', build.target), result: build.arg(1) });
    return build.apply(
      '_?_:_',
      build.member('hasValue', build.target),
      wrap ? build.apply('optional.of', mapped) : mapped,
      build.apply('optional.none'),
    );
  };

const sortBy: Macro = (build) => {
  const name = '@__sortBy_input__';
  const keys = toList(1, 'argument is not an identifier')(build);
  if (keys.kind !== 'fold') return keys;
  const sorted = build.apply('@sortByAssociatedKeys', build.ident(name), {
    ...keys,
    range: build.ident(name),
  });
  if (sorted.kind !== 'call') return sorted;
  return bind(build, {
    name,
    value: build.target,
    result: { ...sorted, target: sorted.args[0], args: sorted.args.slice(1) },
  });
};

const MACROS: Partial<Record<string, Macro>> = {
  'has/1': has,
  '.all/2': all(1),
  '.all/3': all(2),
  '.exists/2': exists(1),
  '.exists/3': exists(2),
  '.existsOne/2': existsOne(1),
  '.exists_one/2': existsOne(1),
  '.existsOne/3': existsOne(2),
  '.exists_one/3': existsOne(2),
  '.map/2': toList(1, 'argument is not an identifier'),
  '.map/3': toList(1, 'argument is not an identifier'),
  '.filter/2': filter,
  '.transformList/3': toList(2, SIMPLE_NAME),
  '.transformList/4': toList(2, SIMPLE_NAME),
  '.transformMap/3': toMap(true),
  '.transformMap/4': toMap(true),
  '.transformMapEntry/3': toMap(false),
  '.transformMapEntry/4': toMap(false),
  '.optMap/2': optionalMap('optMap', true),
  '.optFlatMap/2': optionalMap('optFlatMap', false),
  '.sortBy/2': sortBy,
};
