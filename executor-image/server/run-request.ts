import { MODEL_PROTOCOLS, SHELL_TYPES } from '#executor-manager/protocol/run';
import type { RunInput, RunRequest } from '#executor-manager/protocol/run';
import { isSkillName } from '#skill-packages/skill-name';

/** Checks what another process sent. Throws an Error that names the field. */
export function readRunRequest(value: unknown): RunRequest {
  const body = record(value, 'the body');
  const shell = record(body['shell'], 'shell');
  oneOf(shell['type'], [...SHELL_TYPES, 'Action'], 'shell.type');
  if (shell['type'] === 'Action') readAction(body['action']);
  const agent = record(body['agent'], 'agent');
  text(agent['name'], 'agent.name');
  readSkills(agent['skills']);
  text(body['prompt'], 'prompt');
  positive(body['timeoutSeconds'], 'timeoutSeconds');
  readNotices(body['notices']);
  if (body['limits'] !== undefined) {
    const { diskBytes, logBytes } = record(body['limits'], 'limits');
    if (diskBytes !== undefined) positive(diskBytes, 'limits.diskBytes');
    if (logBytes !== undefined) positive(logBytes, 'limits.logBytes');
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

function readAction(value: unknown): void {
  const action = record(value, 'action');
  const kinds = ['script', 'http', 'mcp'].filter((kind) => action[kind] !== undefined);
  if (kinds.length !== 1) throw new Error('action must have one of script, http and mcp');
  if (action['script'] !== undefined) refuseNul(record(action['script'], 'action.script'), 'action.script');
  if (action['http'] !== undefined) {
    const http = record(action['http'], 'action.http');
    text(http['url'], 'action.http.url');
    for (const field of ['timeoutSeconds', 'maxBytes']) positive(http[field], `action.http.${field}`);
    list(http['headers'], 'action.http.headers');
  }
  if (action['mcp'] !== undefined) {
    const mcp = record(action['mcp'], 'action.mcp');
    for (const field of ['server', 'tool']) text(mcp[field], `action.mcp.${field}`);
    record(mcp['arguments'], 'action.mcp.arguments');
  }
}

const INPUT_TYPES = ['message', 'interrupt', 'answer'];

/** Checks an input for a run. Throws an Error that names the field. */
export function readRunInput(value: unknown): RunInput {
  const body = record(value, 'the body');
  text(body['id'], 'id');
  oneOf(body['type'], INPUT_TYPES, 'type');
  if (body['type'] === 'message') {
    text(body['text'], 'text');
    const { interrupt } = body;
    if (interrupt !== undefined && typeof interrupt !== 'boolean')
      throw new Error('interrupt must be true or false');
  }
  if (body['type'] === 'answer') {
    const answer = record(body['answer'], 'answer');
    text(answer['id'], 'answer.id');
    if (answer['decision'] !== undefined) oneOf(answer['decision'], ['allow', 'deny'], 'answer.decision');
  }
  return body as unknown as RunInput;
}

function readNotices(value: unknown): void {
  if (value === undefined) return;
  list(value, 'notices').forEach((notice, index) => text(notice, `notices.${index}`));
}

/** Folders are named by name and hash. */
function readSkills(value: unknown): void {
  if (value === undefined) return;
  list(value, 'agent.skills').forEach((item, index) => {
    const at = `agent.skills.${index}`;
    const skill = record(item, at);
    const { name, hash } = skill;
    if (typeof name !== 'string' || !isSkillName(name)) throw new Error(`${at}.name must be that of a skill`);
    if (typeof hash !== 'string' || !/^[0-9a-f]{64}$/.test(hash))
      throw new Error(`${at}.hash must be a SHA-256`);
    if (typeof skill['description'] !== 'string') throw new Error(`${at}.description must be a text`);
    if (skill['checks'] !== undefined) readChecks(skill['checks'], `${at}.checks`);
  });
}

function readChecks(value: unknown, field: string): void {
  list(value, field).forEach((item, index) => {
    const at = `${field}.${index}`;
    const check = record(item, at);
    text(check['name'], `${at}.name`);
    oneOf(check['when'], ['before', 'after'], `${at}.when`);
    const command = list(check['command'], `${at}.command`);
    if (command.length === 0) throw new Error(`${at}.command must name a program`);
    for (const part of command)
      if (typeof part !== 'string') throw new Error(`${at}.command must hold texts`);
    if (check['timeoutSeconds'] !== undefined) positive(check['timeoutSeconds'], `${at}.timeoutSeconds`);
    refuseNul(command, `${at}.command`);
  });
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

function list(value: unknown, field: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${field} must be a list`);
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
