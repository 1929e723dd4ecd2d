import { hasURLCredential, isCredentialName } from '../credentials/credential.ts';
import { isSecretModelText } from '../credentials/model-credentials.ts';
import type { ModelSpec } from '../generated/model.ts';

/**
 * Reads the free `modelConfig` of a Model the way compatible manifests write it: `env` holds either
 * `model`, `model_id`, `base_url`, `api_key`, or the ANTHROPIC_* and OPENAI_* variables of the agents'
 * own programs. Pure, and used by every part that needs to know what a Model means.
 */

/** `openai` is the Chat Completions API, which compatible services have too; `openai-responses` OpenAI's newer one. */
export type ModelProtocol = 'anthropic' | 'openai' | 'openai-responses' | 'dify';

export interface ModelSettings {
  /** Absent when `unknownProtocol` says why. */
  protocol?: ModelProtocol;
  /** A protocol the manifest asks for by name that is none of ours. */
  unknownProtocol?: string;
  /** The model's id at its service. */
  name?: string;
  /** Never holds a user name or password; its query may hold a key. */
  baseURL?: string;
  /** Tokens. */
  maxOutputTokens?: number;
  /** Tokens. */
  contextWindow?: number;
  /** Further variables for the agent; no credentials. */
  env: Record<string, string>;
}

const PROTOCOL_WORDS: ReadonlyMap<string, ModelProtocol> = new Map([
  ['anthropic', 'anthropic'],
  ['claude', 'anthropic'],
  ['openai', 'openai'],
  ['openai-responses', 'openai-responses'],
  ['dify', 'dify'],
]);

const NAME_VARIABLES = ['model_id', 'ANTHROPIC_MODEL', 'OPENAI_MODEL'];
const BASE_URL_VARIABLES = [
  'base_url',
  'ANTHROPIC_BASE_URL',
  'OPENAI_BASE_URL',
  'OPENAI_API_BASE',
  'DIFY_BASE_URL',
];
/** In the order in which they are tried. */
const CREDENTIAL_VARIABLES = [
  'api_key',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'OPENAI_API_KEY',
  'DIFY_API_KEY',
];
/** Those that say by themselves how they are sent. */
const CREDENTIAL_FORMS: ReadonlyMap<string, ModelCredential['form']> = new Map([
  ['ANTHROPIC_AUTH_TOKEN', 'bearer'],
  ['CLAUDE_CODE_OAUTH_TOKEN', 'subscription'],
]);
/** Dify tells applications by their keys, so that one of these makes a Model an application there. */
const DIFY_VARIABLE = /^DIFY_/;
/** The variables that an application is called with: a JSON text, or an object. */
const DIFY_PARAMETERS = 'DIFY_PARAMS';
const ANTHROPIC_VARIABLE = /^ANTHROPIC_|^CLAUDE_CODE_OAUTH_TOKEN$/;
/** How a token of `claude setup-token` begins, wherever it stands. */
const SUBSCRIPTION_TOKEN = 'sk-ant-oat';
/** Lines of `Name: value` that go with each request; a gateway's credential is often among them. */
const HEADERS_VARIABLE = 'ANTHROPIC_CUSTOM_HEADERS';
/** Variables that OpenAI's programs turn into headers. */
const HEADER_OF_VARIABLE: ReadonlyMap<string, string> = new Map([
  ['OPENAI_ORG_ID', 'openai-organization'],
  ['OPENAI_PROJECT_ID', 'openai-project'],
]);
const READ_ELSEWHERE = new Set(['model', ...NAME_VARIABLES, ...BASE_URL_VARIABLES, ...CREDENTIAL_VARIABLES]);

/** What `spec` says, without its credential. Never throws: what cannot be read is absent. */
export function modelSettings(spec: ModelSpec): ModelSettings {
  const env = modelEnv(spec);
  const word = first(env, ['model']);
  const name = first(env, NAME_VARIABLES) ?? (isProtocolWord(word) ? undefined : word);
  const baseURL = first(env, BASE_URL_VARIABLES);
  const maxOutputTokens = count(spec.modelConfig['max_output_tokens']) ?? spec.maxOutputTokens;
  const contextWindow = count(spec.modelConfig['context_window']) ?? spec.contextWindow;
  return {
    ...protocolOf(spec, env),
    ...(name === undefined ? {} : { name }),
    ...(baseURL === undefined || hasURLCredential(baseURL) ? {} : { baseURL }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    env: plainVariables(env),
  };
}

/** A secret: hand it on, never log or store it. */
export interface ModelCredential {
  value: string;
  /**
   * How the service wants it. `key`: where the protocol has a key. `bearer`: as `Authorization: Bearer`, which gateways
   * take in its place. `subscription`: likewise, with what a Claude subscription needs beside it.
   */
  form: 'key' | 'bearer' | 'subscription';
}

/** The credential of a Model: `secret`, the value that spec.secretRef names, or else what the manifest itself has. */
export function modelCredential(spec: ModelSpec, secret?: string): ModelCredential | undefined {
  const env = modelEnv(spec);
  const name = CREDENTIAL_VARIABLES.find((name) => first(env, [name]) !== undefined) ?? '';
  const value = secret ?? first(env, [name]);
  if (value === undefined || value === '') return undefined;
  if (value.startsWith(SUBSCRIPTION_TOKEN)) return { value, form: 'subscription' };
  return { value, form: (secret === undefined ? CREDENTIAL_FORMS.get(name) : undefined) ?? 'key' };
}

/** Whether HTTP can carry it as the value of a header without guessing at an encoding (RFC 9110, section 5.5). */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e]*$/.test(text);
}

export interface ModelHeaders {
  /** By name in lower case. Often secret: hand them on, never log or store them. */
  headers: Record<string, string>;
  /** The number of the first line that is no `Name: value`, from 1. */
  wrongLine?: number;
}

/** The headers that go with each request to the service. */
export function modelHeaders(spec: ModelSpec): ModelHeaders {
  const env = modelEnv(spec);
  const read: ModelHeaders = { headers: {} };
  for (const [variable, header] of HEADER_OF_VARIABLE) {
    const value = first(env, [variable]);
    if (value !== undefined && isHeaderValue(value)) read.headers[header] = value;
  }
  for (const [index, line] of (first(env, [HEADERS_VARIABLE]) ?? '').split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const [, name = '', value = ''] = HEADER_LINE.exec(line) ?? [];
    if (name === '') read.wrongLine ??= index + 1;
    else read.headers[name.toLowerCase()] = value;
  }
  return read;
}

/** A token, a colon and a value (RFC 9110, section 5). */
const HEADER_LINE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*?)[ \t]*$/;

/** The base URL as written, for checks of it; modelSettings leaves out one that holds a credential. */
export function rawModelBaseURL(spec: ModelSpec): string | undefined {
  return first(modelEnv(spec), BASE_URL_VARIABLES);
}

function protocolOf(
  spec: ModelSpec,
  env: Record<string, string>,
): Pick<ModelSettings, 'protocol' | 'unknownProtocol'> {
  const asked = spec.protocol ?? text(spec.modelConfig['protocol']);
  const named = asked === undefined || asked === '' ? undefined : PROTOCOL_WORDS.get(asked.toLowerCase());
  if (asked !== undefined && asked !== '' && named === undefined) return { unknownProtocol: asked };
  const word = PROTOCOL_WORDS.get((env['model'] ?? '').toLowerCase());
  const anthropic = Object.keys(env).some((variable) => ANTHROPIC_VARIABLE.test(variable));
  const dify = Object.keys(env).some((variable) => DIFY_VARIABLE.test(variable));
  const protocol = named ?? word ?? (anthropic ? 'anthropic' : dify ? 'dify' : 'openai');
  // Only OpenAI has two forms.
  const isResponses = protocol === 'openai' && spec.apiFormat === 'responses';
  return { protocol: isResponses ? 'openai-responses' : protocol };
}

function isProtocolWord(word: string | undefined): boolean {
  return word !== undefined && PROTOCOL_WORDS.has(word.toLowerCase());
}

/** modelConfig.env with numbers, booleans and DIFY_PARAMS as text; anything else in it is left out. */
function modelEnv(spec: ModelSpec): Record<string, string> {
  const env = spec.modelConfig['env'];
  if (typeof env !== 'object' || env === null || Array.isArray(env)) return {};
  const entries = Object.entries(env).flatMap(([key, value]: [string, unknown]) => {
    const isObject = key === DIFY_PARAMETERS && typeof value === 'object' && value !== null;
    const string = isObject ? JSON.stringify(value) : text(value);
    return string === undefined ? [] : [[key, string] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Variables that may be copied into other objects. Denied by default: whatever looks like a credential by
 * its name (a number called ..._TOKENS is a limit, not one) or has one in a URL.
 */
function plainVariables(env: Record<string, string>): Record<string, string> {
  const entries = Object.entries(env).filter(([name, value]) => {
    if (READ_ELSEWHERE.has(name) || !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return false;
    if (/_TOKENS$/i.test(name) && /^\d+$/.test(value)) return true;
    return !isCredentialName(name) && !isSecretModelText(value);
  });
  return Object.fromEntries(entries);
}

function first(env: Record<string, string>, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value !== undefined && value !== '') return value;
  }
  return undefined;
}

function text(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim();
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

function count(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number > 0 ? number : undefined;
}
