import type { SandboxAction } from '#api/types/generated/sandbox';
import { placeholdersOf, replacePlaceholders, shown } from '#workflows/placeholders';
import { rendered, valueAt } from './scope.ts';

type Values = Readonly<Record<string, unknown>>;

/**
 * An action with the values of its placeholders. A value is always a value: it is no part of a program, of an address but
 * for one segment or parameter, or of the structure of a JSON body.
 */
export function renderedAction({ script, http, mcp }: SandboxAction, values: Values): SandboxAction {
  return {
    ...(script === undefined ? {} : { script: renderedScript(script, values) }),
    ...(http === undefined ? {} : { http: renderedCall(http, values) }),
    ...(mcp === undefined ? {} : { mcp: { ...mcp, ...argumentsOf(mcp, values) } }),
  };
}

type Script = NonNullable<SandboxAction['script']>;
type Call = NonNullable<SandboxAction['http']>;
type ToolCall = NonNullable<SandboxAction['mcp']>;

/** Its text and its command stay as they are. */
function renderedScript(script: Script, values: Values): Script {
  const { env, inputs, workingDirectory } = script;
  return {
    ...script,
    ...(env === undefined ? {} : { env: textsOf(env, values) }),
    ...(inputs === undefined ? {} : { inputs: fieldsOf(inputs, values) }),
    ...(workingDirectory === undefined ? {} : { workingDirectory: rendered(workingDirectory, values) }),
  };
}

function renderedCall(call: Call, values: Values): Call {
  const { url, headers, body } = call;
  return {
    ...call,
    url: replacePlaceholders(url, (path) => encodeURIComponent(shown(valueAt(values, path)))),
    ...(headers === undefined ? {} : { headers: headers.map((header) => renderedHeader(header, values)) }),
    ...(typeof body === 'string' ? { body: renderedBody(body, values) } : {}),
  };
}

type Header = NonNullable<Call['headers']>[number];

function renderedHeader(header: Header, values: Values): Header {
  return header.value === undefined ? header : { ...header, value: rendered(header.value, values) };
}

/** The strings of a JSON body are replaced one by one, so that no value can end them. */
function renderedBody(body: string, values: Values): string {
  if (placeholdersOf(body).length === 0) return body;
  try {
    return JSON.stringify(withValues(JSON.parse(body) as unknown, values));
  } catch {
    return rendered(body, values);
  }
}

function argumentsOf({ arguments: given }: ToolCall, values: Values): Pick<ToolCall, 'arguments'> {
  return given === undefined ? {} : { arguments: fieldsOf(given, values) };
}

/** JSON with the placeholders in its strings replaced; a string that is one placeholder becomes the value itself. */
function withValues(json: unknown, values: Values): unknown {
  if (typeof json === 'string') return valueOf(json, values);
  if (Array.isArray(json)) return json.map((item) => withValues(item, values));
  return typeof json === 'object' && json !== null ? fieldsOf(json as Record<string, unknown>, values) : json;
}

function fieldsOf(fields: Record<string, unknown>, values: Values): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, withValues(value, values)]));
}

function valueOf(json: string, values: Values): unknown {
  const [only] = placeholdersOf(json);
  return only?.text === json ? (valueAt(values, only.path) ?? null) : rendered(json, values);
}

function textsOf(fields: Record<string, string>, values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, rendered(value, values)]));
}
