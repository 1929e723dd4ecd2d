import type { Issue } from './expression-error.ts';
import type { Expression } from './expression.ts';
import { compilePattern } from './pattern.ts';
import { parseDuration, parseTimestamp } from './time-text.ts';

/** Literals that would fail whenever they are evaluated (cel-go cel/validator.go). */
export function literalIssues(root: Expression): Issue[] {
  const issues: Issue[] = [];
  const visit = (expression: Expression): void => {
    const issue = literalIssue(expression);
    if (issue !== undefined) issues.push(issue);
    for (const child of childrenOf(expression)) visit(child);
  };
  visit(root);
  return issues;
}

export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'call':
      return expression.target === undefined ? expression.args : [expression.target, ...expression.args];
    case 'select':
      return [expression.operand];
    case 'list':
      return expression.items;
    case 'map':
      return expression.entries.flat();
    case 'fold':
      return [expression.range, expression.init, expression.condition, expression.step, expression.result];
    case 'const':
    case 'ident':
      return [];
  }
}

const CHECKS: Record<string, (text: string) => boolean> = {
  duration: (text) => parseDuration(text) !== undefined,
  timestamp: (text) => parseTimestamp(text) !== undefined,
  matches: isPattern,
};

function isPattern(text: string): boolean {
  try {
    return compilePattern(text) !== undefined;
  } catch {
    return false;
  }
}

function literalIssue(expression: Expression): Issue | undefined {
  if (expression.kind !== 'call' || !Object.hasOwn(CHECKS, expression.fn)) return undefined;
  const literal = expression.args[0];
  if (literal?.kind !== 'const' || typeof literal.value !== 'string') return undefined;
  if (CHECKS[expression.fn]?.(literal.value) !== false) return undefined;
  return { offset: literal.offset, message: `invalid ${expression.fn} argument` };
}
