import { isJsonObject } from '#api/machinery/json/json';
import { isStatusError } from '#api/machinery/status-error';
import type { StatusReason } from '#api/machinery/status-error';
import type { SandboxQuestion } from '#api/types/generated/sandbox';
import type { SandboxFinishedReason } from '#api/types/sandboxes/sandbox';
import { ImageUnavailable } from '../drivers/image-unavailable.ts';
import { RUN_FAILURE_REASONS, RUN_LIMITS } from '../protocol/run.ts';
import type { RunResult } from '../protocol/run.ts';
import { boundedWarnings } from '../protocol/warnings.ts';
import { readApplied } from '../run/messages.ts';
import { readQuestion } from '../run/open-questions.ts';

/** How a sandbox's run ended. */
export interface Outcome {
  phase: 'Succeeded' | 'Failed' | 'Cancelled' | 'Suspended';
  reason: SandboxFinishedReason;
  /** A sentence for people. */
  message: string;
  result?: RunResult;
  /** Of a suspended run: what people have to answer before it goes on. */
  questions?: SandboxQuestion[];
  /** The ids of the messages that the agent has got. */
  messages?: string[];
  /** True when the runner said so itself: its agent has ended, and its last event is in the log. */
  fromRunner: boolean;
}

const RUN_REASONS: readonly string[] = RUN_FAILURE_REASONS satisfies readonly SandboxFinishedReason[];

const MAX_MESSAGE = 4096;
const MAX_NAME = 1024;
/** Of the fields with `format: int32`. */
const MAX_INT32 = 2 ** 31 - 1;

/** What another attempt would meet again: something named is missing, wrong or not allowed. */
const AS_DESCRIBED: ReadonlySet<StatusReason> = new Set<StatusReason>([
  'BadRequest',
  'Forbidden',
  'Invalid',
  'NotFound',
  'RequestEntityTooLarge',
]);

export function failed(reason: SandboxFinishedReason, message: string): Outcome {
  return { phase: 'Failed', reason, message, fromRunner: false };
}

/** `what` could not be done on the way to a running agent. */
export function notStarted(what: string, error: unknown): Outcome {
  if (error instanceof ImageUnavailable) return failed('ErrImagePull', `${what}: ${error.message}.`);
  const described = isStatusError(error) && AS_DESCRIBED.has(error.reason);
  return failed(described ? 'StartFailed' : 'EngineFailed', `${what}: ${(error as Error).message}.`);
}

export function cancelled(message: string): Outcome {
  return { phase: 'Cancelled', reason: 'Cancelled', message, fromRunner: false };
}

/**
 * The outcome in a run's last event, or in its state. The runner is not trusted: what is not as agreed is
 * left out, and a phase that is none counts as a failure of the agent.
 */
export function runOutcome(data: Record<string, unknown>): Outcome {
  const message = text(data['message'], MAX_MESSAGE) ?? '';
  const tooLarge = whyTooLarge(data['result']);
  const result = readResult(data['result'], tooLarge);
  const messages = readApplied(data['messages']);
  const rest = {
    fromRunner: true,
    ...(result === undefined ? {} : { result }),
    ...(messages.length === 0 ? {} : { messages }),
  };
  if (data['phase'] === 'Succeeded') {
    // An output is there because somebody reads it: a schema asks for it, or it is all that an action has done.
    if (tooLarge !== undefined)
      return { phase: 'Failed', reason: 'OutputInvalid', message: tooLarge, ...rest };
    return {
      phase: 'Succeeded',
      reason: 'Succeeded',
      message: message || 'The work is done.',
      ...rest,
    };
  }
  if (data['phase'] === 'Cancelled') {
    return { phase: 'Cancelled', reason: 'Cancelled', message: message || 'The run was cancelled.', ...rest };
  }
  const questions = data['phase'] === 'Suspended' ? readQuestions(data['questions']) : [];
  if (questions.length > 0) {
    return {
      phase: 'Suspended',
      reason: 'WaitingForAnswer',
      message: 'A person is asked.',
      ...rest,
      questions,
    };
  }
  const given = data['reason'];
  const known = typeof given === 'string' && RUN_REASONS.includes(given);
  const reason = known ? (given as SandboxFinishedReason) : 'AgentFailed';
  return { phase: 'Failed', reason, message: message || 'The agent failed without a message.', ...rest };
}

/**
 * The outcome of a run that came to its end before it could be written: what was recorded of it, or `otherwise`
 * where that was a loss, which a sandbox may not claim.
 */
export function recordedOutcome(data: Record<string, unknown>, otherwise: Outcome): Outcome {
  const outcome = runOutcome(data);
  return outcome.phase === 'Failed' && outcome.reason !== data['reason'] ? otherwise : outcome;
}

/** Fields of the result that are as agreed; the API would refuse the whole status, each time, for a single wrong one. */
function readResult(given: unknown, tooLarge: string | undefined): RunResult | undefined {
  if (!isJsonObject(given)) return undefined;
  const usage = isJsonObject(given['usage']) ? counts(given['usage'], USAGE) : undefined;
  const workspace = readWorkspace(given['workspace']);
  const sessionId = text(given['sessionId'], MAX_NAME);
  const models = readModels(given['models']);
  const output = tooLarge === undefined ? given['output'] : undefined;
  const warnings = readWarnings(given['warnings'], tooLarge);
  return {
    value: firstBytes(text(given['value'], RUN_LIMITS.answerBytes) ?? '', RUN_LIMITS.answerBytes),
    ...(usage === undefined ? {} : { usage: usage as unknown as RunResult['usage'] & object }),
    ...(isAmount(given['costUSD']) ? { costUSD: given['costUSD'] } : {}),
    ...(models === undefined ? {} : { models }),
    ...(output === undefined ? {} : { output }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(isCount(given['turns'], MAX_INT32) ? { turns: given['turns'] } : {}),
    ...(workspace === undefined ? {} : { workspace }),
  };
}

const USAGE = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheWriteTokens'];

/** A suspension without a question would never end: the run is then taken for one that failed. */
function readQuestions(given: unknown): SandboxQuestion[] {
  const all = Array.isArray(given) ? given.map(readQuestion) : [];
  return all.filter((question) => question !== undefined);
}

const MAX_MODELS = 20;

function readModels(given: unknown): RunResult['models'] {
  if (!isJsonObject(given)) return undefined;
  const models = Object.entries(given).flatMap(([name, use]) => {
    if (!isJsonObject(use) || name.length > MAX_NAME) return [];
    const cost = isAmount(use['costUSD']) ? { costUSD: use['costUSD'] } : {};
    return [[name, { ...counts(use, USAGE), ...cost }] as const];
  });
  return Object.fromEntries(models.slice(0, MAX_MODELS)) as unknown as RunResult['models'] & object;
}

/** Why the output of a result cannot be kept, with its size; undefined for one that can, and without an output. */
function whyTooLarge(result: unknown): string | undefined {
  const output = isJsonObject(result) ? result['output'] : undefined;
  const bytes = output === undefined ? 0 : Buffer.byteLength(JSON.stringify(output));
  if (bytes <= RUN_LIMITS.outputBytes) return undefined;
  return `The output has ${bytes} bytes as JSON, of at most ${RUN_LIMITS.outputBytes}, and is left out.`;
}

function readWarnings(given: unknown, own: string | undefined): string[] | undefined {
  const theirs = Array.isArray(given) ? given.filter((warning) => typeof warning === 'string') : [];
  const all = boundedWarnings([...(own === undefined ? [] : [own]), ...theirs]);
  return all.length === 0 ? undefined : all;
}

function readWorkspace(given: unknown): RunResult['workspace'] | undefined {
  if (!isJsonObject(given)) return undefined;
  const total = isJsonObject(given['total']) ? { total: readFigures(given['total'], ['baseCommit']) } : {};
  const all = { ...readFigures(given, ['branch', 'baseCommit', 'headCommit']), ...total };
  return all as unknown as RunResult['workspace'] & object;
}

function readFigures(given: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  const texts = names.flatMap((name) => {
    const value = text(given[name], MAX_NAME);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(texts), ...counts(given, ['filesChanged', 'commits'], MAX_INT32) };
}

function counts(
  given: Record<string, unknown>,
  names: readonly string[],
  max?: number,
): Record<string, number> {
  return Object.fromEntries(
    names.flatMap((name) => (isCount(given[name], max) ? [[name, given[name]] as const] : [])),
  );
}

const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0;
const text = (value: unknown, max: number): string | undefined =>
  typeof value === 'string' ? value.slice(0, max) : undefined;
const isCount = (value: unknown, max = Number.MAX_SAFE_INTEGER): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= max;

function firstBytes(value: string, bytes: number): string {
  const encoded = Buffer.from(value);
  if (encoded.length <= bytes) return value;
  // Half a character at the end becomes a replacement character.
  return encoded.toString('utf8', 0, bytes).replace(/\ufffd$/, '');
}
