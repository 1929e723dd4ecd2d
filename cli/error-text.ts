import { describeError } from '#api/machinery/logger';
import { StatusError } from '#api/machinery/status-error';

/** A mistake in the command line, a file or the set-up, found before any server was asked. */
export class CliError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CliError';
  }
}

/**
 * A failure in kubectl's words: scripts and people know them. `doing` says where it happened, such as
 * `error when creating "task.yaml"`.
 */
export function errorText(error: unknown, doing?: string): string {
  const where = doing === undefined ? '' : `${doing}: `;
  if (!(error instanceof StatusError)) {
    return `error: ${where}${error instanceof CliError ? error.message : describeError(error)}`;
  }
  // Only a failure of the wire has a cause on this side of it.
  if (error.reason === 'ServiceUnavailable' && error.cause !== undefined) return unreachableText(error);
  if (error.reason === 'Unauthorized') {
    return `error: You must be logged in to the server (${error.message || 'Unauthorized'})`;
  }
  // kubectl too prefers the whole message when it can name the file.
  if (error.reason === 'Invalid' && doing === undefined && error.details?.name !== undefined) {
    return invalidText(error);
  }
  return `Error from server (${error.reason}): ${where}${error.message}`;
}

/** Causes for which the address may be wrong, or nothing runs there. */
const NOBODY_THERE = /: (?:connection refused|no such host)$/;

function unreachableText({ message }: StatusError): string {
  return `error: ${message}${NOBODY_THERE.test(message) ? ' - did you specify the right host or port?' : ''}`;
}

function invalidText(error: StatusError): string {
  const { kind, name, causes = [] } = error.details ?? {};
  const texts = causes.map(({ field, message }) => (field === undefined ? message : `${field}: ${message}`));
  const head = `The ${kind} ${JSON.stringify(name)} is invalid`;
  if (texts.length === 0) return `Error from server (Invalid): ${error.message}`;
  return texts.length === 1
    ? `${head}: ${texts[0]}`
    : `${head}: \n${texts.map((text) => `* ${text}`).join('\n')}`;
}
