import { readFile } from 'node:fs/promises';
import { RE2JS } from 're2js';
import { LineCounter, isNode, parseDocument } from 'yaml';
import type { StopReason } from '#model-protocols/answer';
import { FAILURE_KINDS } from '#model-protocols/failure';
import type { FailureKind } from '#model-protocols/failure';
import type {
  Condition,
  Rule,
  Script,
  ScriptedError,
  ScriptedFailure,
  ScriptedUsage,
  Step,
  ToolCall,
} from './script.ts';
import { ScriptReader } from './script-reader.ts';

/** A script that cannot be used; the message names the line and the field. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
}

/** Reads a script from a file. Throws ScriptError, with the file's name in front. */
export async function loadScript(file: string): Promise<Script> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new ScriptError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`, {
      cause: error,
    });
  }
  try {
    return parseScript(text);
  } catch (error) {
    throw error instanceof ScriptError
      ? new ScriptError(`${file}: ${error.message}`, { cause: error })
      : error;
  }
}

/** Reads a script from its YAML text. Throws ScriptError with every finding. */
export function parseScript(yaml: string): Script {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines });
  const broken = document.errors[0];
  if (broken !== undefined) {
    throw new ScriptError(`line ${lines.linePos(broken.pos[0]).line}: ${broken.message.split('\n')[0]}`);
  }
  const findings: string[] = [];
  const reader = new ScriptReader((path, problem) => {
    const line = lineOf(path);
    const field = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
    findings.push(`line ${line}: ${field === '' ? 'script' : field.replace(/^\./, '')}: ${problem}`);
  });
  const lineOf = (path: readonly (string | number)[]): number => {
    for (let length = path.length; length >= 0; length--) {
      const node = document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  const script = readScript(reader, document.toJS());
  if (findings.length > 0) throw new ScriptError(findings.join('\n'));
  return script;
}

type Path = readonly (string | number)[];

function readScript(reader: ScriptReader, value: unknown): Script {
  // A bare list of rules is the usual script; the object form is for what is not a rule.
  const bare = Array.isArray(value);
  const root = bare ? { rules: value } : reader.object(value, [], ['rules', 'models']);
  const at: Path = bare ? [] : ['rules'];
  const rules = reader.list(root['rules'] ?? [], at);
  if (rules.length === 0) reader.problem(at, 'at least one rule is needed');
  return {
    rules: rules.map((rule, index) => readRule(reader, rule, [...at, index])),
    models: reader.texts(root['models'], ['models']) ?? ['scripted-model'],
  };
}

const RULE_KEYS = ['name', 'when', 'times', 'steps'];
const STEP_KEYS = [
  ...['reply', 'thinking', 'toolCall', 'toolCalls', 'delay', 'chunkDelay', 'pause'],
  ...['error', 'failure', 'usage', 'stop', 'raw', 'eventBytes', 'hang', 'close', 'endless'],
];

const STOP_REASONS: readonly StopReason[] = ['complete', 'toolCalls', 'length', 'refused', 'paused'];
/** One event of more is no test of a limit, but of this server's memory. */
const MOST_EVENT_BYTES = 256 * 1024 * 1024;

function readRule(reader: ScriptReader, value: unknown, path: Path): Rule {
  const rule = reader.object(value, path, [...RULE_KEYS, ...STEP_KEYS]);
  const times = reader.integer(rule['times'], [...path, 'times'], { min: 1 });
  const own = STEP_KEYS.filter((key) => key in rule);
  if ('steps' in rule && own.length > 0) {
    reader.problem([...path, own[0] ?? ''], 'cannot stand beside steps');
  }
  const steps =
    'steps' in rule
      ? reader
          .list(rule['steps'], [...path, 'steps'])
          .map((step, index) =>
            readStep(reader, reader.object(step, [...path, 'steps', index], STEP_KEYS), [
              ...path,
              'steps',
              index,
            ]),
          )
      : [readStep(reader, rule, path)];
  if (steps.length === 0) reader.problem([...path, 'steps'], 'at least one step is needed');
  const last = path.at(-1);
  return {
    name: reader.text(rule['name'], [...path, 'name']) ?? `rule ${Number(last) + 1}`,
    when: readCondition(reader, rule['when'] ?? {}, [...path, 'when']),
    ...(times === undefined ? {} : { times }),
    steps,
  };
}

function readCondition(reader: ScriptReader, value: unknown, path: Path): Condition {
  const texts = ['contains', 'toolResult', 'system', 'image'] as const;
  const names = ['matches', 'tool', 'model', 'offersTool'] as const;
  const flags = ['hasToolResult', 'toolFailed', 'hasImage'] as const;
  const when = reader.object(value, path, [...texts, ...names, ...flags, 'lastRole', 'turn']);
  const condition: Record<string, unknown> = {
    turn: reader.integer(when['turn'], [...path, 'turn'], { min: 1 }),
    lastRole: reader.oneOf(when['lastRole'], [...path, 'lastRole'], ['user', 'assistant', 'tool']),
  };
  for (const key of texts) condition[key] = reader.texts(when[key], [...path, key]);
  for (const key of names) condition[key] = reader.text(when[key], [...path, key]);
  for (const key of flags) condition[key] = reader.flag(when[key], [...path, key]);
  const pattern = condition['matches'];
  if (typeof pattern === 'string') {
    try {
      RE2JS.compile(pattern);
    } catch (error) {
      reader.problem([...path, 'matches'], `not an RE2 pattern: ${(error as Error).message}`);
    }
  }
  return withoutUndefined(condition);
}

function readStep(reader: ScriptReader, step: Record<string, unknown>, path: Path): Step {
  const at = (key: string): Path => [...path, key];
  const calls = [
    ...('toolCall' in step ? [readToolCall(reader, step['toolCall'], at('toolCall'))] : []),
    ...reader
      .list(step['toolCalls'] ?? [], at('toolCalls'))
      .map((call, index) => readToolCall(reader, call, [...at('toolCalls'), index])),
  ];
  if (!STEP_KEYS.some((key) => key in step) && !('steps' in step)) {
    reader.problem(path, 'says nothing: give reply, toolCall, error, failure, raw, hang or close');
  }
  return withoutUndefined({
    thinking: reader.text(step['thinking'], at('thinking')),
    reply: reader.text(step['reply'], at('reply')),
    toolCalls: calls,
    delayMs: reader.duration(step['delay'], at('delay')) ?? 0,
    chunkDelayMs: reader.duration(step['chunkDelay'], at('chunkDelay')) ?? 0,
    pauseMs: reader.duration(step['pause'], at('pause')) ?? 0,
    error: 'error' in step ? readError(reader, step['error'], at('error')) : undefined,
    usage: 'usage' in step ? readUsage(reader, step['usage'], at('usage')) : undefined,
    stop: reader.oneOf(step['stop'], at('stop'), STOP_REASONS),
    failure: 'failure' in step ? readFailure(reader, step['failure'], at('failure')) : undefined,
    raw: reader.text(step['raw'], at('raw')),
    eventBytes: reader.integer(step['eventBytes'], at('eventBytes'), { min: 1, max: MOST_EVENT_BYTES }),
    ending: readEnding(reader, step, path),
  }) as unknown as Step;
}

function readEnding(reader: ScriptReader, step: Record<string, unknown>, path: Path): Step['ending'] {
  const endings = ['hang', 'close', 'endless'] as const;
  const [first, second] = endings.filter((key) => reader.flag(step[key], [...path, key]) === true);
  if (second !== undefined) reader.problem([...path, second], `cannot stand beside ${first}`);
  if (first === 'endless' && step['reply'] === undefined && step['thinking'] === undefined) {
    reader.problem([...path, first], 'needs a reply or a thinking that it repeats');
  }
  return first ?? 'complete';
}

function readFailure(reader: ScriptReader, value: unknown, path: Path): ScriptedFailure {
  const failure = reader.object(value, path, ['kind', 'message']);
  const kind = reader.oneOf(failure['kind'] ?? 'failed', [...path, 'kind'], FAILURE_KINDS) ?? 'failed';
  return {
    kind: kind as FailureKind,
    message: reader.text(failure['message'], [...path, 'message']) ?? 'scripted failure',
  };
}

function readToolCall(reader: ScriptReader, value: unknown, path: Path): ToolCall {
  const call = reader.object(value, path, ['name', 'input']);
  const name = reader.text(call['name'], [...path, 'name']);
  if (name === undefined) reader.problem([...path, 'name'], 'is required');
  const input = call['input'] ?? {};
  return {
    name: name ?? '',
    input: typeof input === 'string' ? input : reader.object(input, [...path, 'input']),
  };
}

function readError(reader: ScriptReader, value: unknown, path: Path): ScriptedError {
  const error = reader.object(value, path, ['status', 'message', 'type', 'retryAfter']);
  return withoutUndefined({
    status: reader.integer(error['status'], [...path, 'status'], { min: 400, max: 599 }) ?? 500,
    message: reader.text(error['message'], [...path, 'message']) ?? 'scripted error',
    type: reader.text(error['type'], [...path, 'type']),
    retryAfter: reader.integer(error['retryAfter'], [...path, 'retryAfter'], { min: 0 }),
  }) as unknown as ScriptedError;
}

function readUsage(reader: ScriptReader, value: unknown, path: Path): ScriptedUsage {
  const keys = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens'];
  const usage = reader.object(value, path, keys);
  return withoutUndefined(
    Object.fromEntries(keys.map((key) => [key, reader.integer(usage[key], [...path, key], { min: 0 })])),
  );
}

function withoutUndefined(fields: Record<string, unknown>): Record<string, never> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Record<
    string,
    never
  >;
}
