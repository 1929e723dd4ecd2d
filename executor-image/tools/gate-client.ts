import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type {
  JsonSchemaValidatorResult,
  jsonSchemaValidator,
} from '@modelcontextprotocol/sdk/validation/types.js';
import { isObject } from '#model-protocols/json-value';
import type { ToolServer } from '../adapters/adapter.ts';

/** A call may wait for a person; the limits are those of the run and of the gate. */
export const CALL_OPTIONS = { timeout: 2 ** 31 - 1, resetTimeoutOnProgress: true };

/**
 * Schemas of servers are not compiled: their patterns could keep this process busy for ever, which others share. Whoever
 * reads a result takes it whatever its form.
 */
const UNJUDGED: jsonSchemaValidator = {
  getValidator:
    <T>() =>
    (input: unknown): JsonSchemaValidatorResult<T> => ({
      valid: true,
      data: input as T,
      errorMessage: undefined,
    }),
};

/** A client of the gate's server, for adapters that call tools themselves. Throws the system's error when the gate does not answer. */
export async function connectToGate(
  { url, token }: ToolServer,
  { name, signal }: { name: string; signal: AbortSignal },
): Promise<Client> {
  // Loaded when it is needed: most conversations have no tools.
  const [{ Client }, { StreamableHTTPClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
  ]);
  const client = new Client({ name, version: '1' }, { jsonSchemaValidator: UNJUDGED });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  // Its optional fields and ours are declared in two ways that the compiler tells apart.
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit }) as unknown;
  try {
    await client.connect(transport as Parameters<Client['connect']>[0], { signal });
    return client;
  } catch (error) {
    await client.close();
    throw error;
  }
}

/** The words of the content of a result; of what is no text its type. */
export function textOfResult(content: unknown): string {
  if (!Array.isArray(content)) return '';
  const texts = content
    .filter(isObject)
    .map(({ type, text }) => (type === 'text' ? String(text) : `[${String(type)}]`));
  return texts.join('\n');
}
