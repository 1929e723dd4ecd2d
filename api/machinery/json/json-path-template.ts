import { goJson } from '../go-text.ts';
import { parseJsonPathSteps } from './json-path-parser.ts';
import type { JsonPathStep } from './json-path-parser.ts';
import { walk } from './json-path.ts';
import { badRequest } from '../status-error.ts';

/** A template as `kubectl -o jsonpath=` takes it: text, `{.a.b}`, `{"\n"}`, `{range .items[*]}…{end}`. */
export interface JsonPathTemplate {
  /** Several results of one path are joined by a blank; objects and lists are printed as JSON. */
  render(root: unknown): string;
}

type Node =
  | { kind: 'text'; text: string }
  | { kind: 'path'; steps: readonly JsonPathStep[]; fromRoot: boolean }
  | { kind: 'range'; steps: readonly JsonPathStep[]; fromRoot: boolean; body: Node[] };

/** @throws StatusError BadRequest for a syntax error */
export function parseJsonPathTemplate(template: string): JsonPathTemplate {
  const tokens = tokenize(template);
  const nodes = parseNodes(tokens, template);
  if (tokens.length > 0) throw templateError(template, 'not in range, nothing to end');
  return { render: (root) => renderNodes(nodes, root, root) };
}

/** One result as kubectl prints it. */
export function formatJsonPathValue(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? goJson(value) : String(value);
}

function templateError(template: string, why: string): Error {
  return badRequest(`invalid jsonpath template ${JSON.stringify(template)}: ${why}`);
}

type Token = { kind: 'action'; text: string } | { kind: 'text'; text: string };

const ACTION = /\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^}"'])*)\}/y;

function tokenize(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{', at);
    if (open !== at) tokens.push({ kind: 'text', text: template.slice(at, open < 0 ? undefined : open) });
    if (open < 0) break;
    ACTION.lastIndex = open;
    const action = ACTION.exec(template);
    if (action === null) throw templateError(template, 'unclosed action');
    tokens.push({ kind: 'action', text: (action[1] ?? '').trim() });
    at = ACTION.lastIndex;
  }
  return tokens;
}

/** Takes tokens up to `{end}` or the last. */
function parseNodes(tokens: Token[], template: string, inRange = false): Node[] {
  const nodes: Node[] = [];
  for (let token = tokens.shift(); token !== undefined; token = tokens.shift()) {
    if (token.kind === 'text') nodes.push(token);
    else if (token.text === 'end') {
      if (!inRange) throw templateError(template, 'not in range, nothing to end');
      return nodes;
    } else if (/^range\b/.test(token.text)) {
      const path = token.text.slice('range'.length).trim();
      nodes.push({ kind: 'range', ...parsePath(path), body: parseNodes(tokens, template, true) });
    } else nodes.push(parseAction(token.text));
  }
  if (inRange) throw templateError(template, 'unterminated range');
  return nodes;
}

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r' };

function parseAction(action: string): Node {
  const quoted = /^(?:"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)')$/s.exec(action);
  if (quoted === null) return { kind: 'path', ...parsePath(action) };
  const text = (quoted[1] ?? quoted[2] ?? '').replaceAll(
    /\\(.)/g,
    (_, char: string) => ESCAPES[char] ?? char,
  );
  return { kind: 'text', text };
}

function parsePath(path: string): { steps: readonly JsonPathStep[]; fromRoot: boolean } {
  return { steps: parseJsonPathSteps(path), fromRoot: path.startsWith('$') };
}

function renderNodes(nodes: readonly Node[], current: unknown, root: unknown): string {
  return nodes.map((node) => renderNode(node, current, root)).join('');
}

function renderNode(node: Node, current: unknown, root: unknown): string {
  if (node.kind === 'text') return node.text;
  const values = walk([node.fromRoot ? root : current], node.steps);
  return node.kind === 'path'
    ? values.map(formatJsonPathValue).join(' ')
    : values.map((value) => renderNodes(node.body, value, root)).join('');
}
