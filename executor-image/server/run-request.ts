import { MODEL_PROTOCOLS, SHELL_TYPES } from '#executor-manager/protocol/run';
import type { RunInput, RunRequest } from '#executor-manager/protocol/run';

/** Checks what another process sent. Throws an Error that names the field. */
export function readRunRequest(value: unknown): RunRequest {
  const body = record(value, 'the body');
  const shell = record(body['shell'], 'shell');
  oneOf(shell['type'], SHELL_TYPES, 'shell.type');
  text(record(body['agent'], 'agent')['name'], 'agent.name');
  text(body['prompt'], 'prompt');
  positive(body['timeoutSeconds'], 'timeoutSeconds');
  readNotices(body['notices']);
  if (body['limits'] !== undefined) {
    const { diskBytes } = record(body['limits'], 'limits');
    if (diskBytes !== undefined) positive(diskBytes, 'limits.diskBytes');
  }
  if (body['model'] !== undefined) {
    const model = record(body['model'], 'model');
    // May be empty: a Model can name itself by variables of its program.
    if (typeof model['name'] !== 'string') throw new Error('model.name must be a text');
    oneOf(model['protocol'], MODEL_PROTOCOLS, 'model.protocol');
  }
  if (body['repository'] !== undefined) {
    const repository = record(body['repository'], 'repository');
    for (const field of ['gitUrl', 'branch', 'workBranch']) text(repository[field], `repository.${field}`);
    positive(repository['timeoutSeconds'], 'repository.timeoutSeconds');
  }
  refuseNul(body['model'], 'model');
  refuseNul(body['repository'], 'repository');
  return body as unknown as RunRequest;
}

const INPUT_TYPES = ['message', 'interrupt', 'answer'];

/** Checks an input for a run. Throws an Error that names the field. */
export function readRunInput(value: unknown): RunInput {
  const body = record(value, 'the body');
  text(body['id'], 'id');
  oneOf(body['type'], INPUT_TYPES, 'type');
  if (body['type'] === 'message') text(body['text'], 'text');
  if (body['type'] === 'answer') {
    const answer = record(body['answer'], 'answer');
    text(answer['id'], 'answer.id');
    if (answer['decision'] !== undefined) oneOf(answer['decision'], ['allow', 'deny'], 'answer.decision');
  }
  return body as unknown as RunInput;
}

function readNotices(value: unknown): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw new Error('notices must be a list');
  value.forEach((notice, index) => text(notice, `notices.${index}`));
}

/** These become arguments and variables of programs, and Node quotes one with a NUL, a secret too, in its error. */
function refuseNul(value: unknown, field: string): void {
  if (typeof value === 'string' && value.includes('\0')) throw new Error(`${field} must not contain a NUL`);
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    refuseNul(name, `a name in ${field}`);
    refuseNul(item, `${field}.${name}`);
  }
}

function record(value: unknown, field: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new Error(`${field} must be an object`);
}

function text(value: unknown, field: string): void {
  if (typeof value !== 'string' || value === '') throw new Error(`${field} must be a text`);
}

function oneOf(value: unknown, known: readonly string[], field: string): void {
  if (typeof value === 'string' && known.includes(value)) return;
  const problem = value === undefined ? 'is missing' : `${JSON.stringify(value)} is not known`;
  throw new Error(`${field} ${problem}; known: ${known.join(', ')}`);
}

function positive(value: unknown, field: string): void {
  if (typeof value !== 'number' || !(value > 0)) throw new Error(`${field} must be a number above 0`);
}
