import type { RunFailureReason } from '#executor-manager/protocol/run';
import { RunFailure } from '../../run-failure.ts';

/** As Codex tells why a turn failed. */
export interface TurnError {
  message: string;
  /** A word, or an object whose only key is the word. */
  codexErrorInfo: unknown;
  additionalDetails: string | null;
}

const REASONS: ReadonlyMap<string, RunFailureReason> = new Map([
  ['cyberPolicy', 'ModelRefused'],
  ['bioPolicy', 'ModelRefused'],
  ['misalignmentPolicyViolation', 'ModelRefused'],
  ['sandboxError', 'AgentFailed'],
  ['threadRollbackFailed', 'AgentFailed'],
  ['inferenceHookDenied', 'AgentFailed'],
  ['tooManyDenials', 'AgentFailed'],
]);

/** Codex has no words of their own for these ends of an answer. */
const CUT = /Incomplete response returned, reason: max_output_tokens/;
const REFUSED = /Incomplete response returned, reason: content_filter/;

/** The model's service is on loopback here: its address says nothing to anybody. */
const ADDRESS = /,? url: \S+?(?=,|$)/g;

export function turnFailure({ message, codexErrorInfo }: TurnError): RunFailure {
  if (CUT.test(message)) {
    return new RunFailure('AnswerCut', "the model's answer is not complete: it reached a limit of tokens");
  }
  if (REFUSED.test(message)) {
    return new RunFailure('ModelRefused', "the service's content policy ended the model's answer");
  }
  const word = wordOf(codexErrorInfo);
  return new RunFailure(REASONS.get(word) ?? 'ModelError', `the model failed: ${plain(message)}`);
}

/** The service's words, without its address. */
export function plain(message: string): string {
  return message.replaceAll(ADDRESS, '');
}

function wordOf(info: unknown): string {
  if (typeof info === 'string') return info;
  return typeof info === 'object' && info !== null ? (Object.keys(info)[0] ?? '') : '';
}
