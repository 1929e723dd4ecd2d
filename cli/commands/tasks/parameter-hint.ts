import { StatusError, isStatusError } from '#api/machinery/status-error';
import type { StatusCause } from '#api/machinery/status-error';

const PARAMETER = /^spec[.]parameters[.]([A-Za-z_][\w-]*)$/;

/** The server knows fields; who writes a command is told its flag for a parameter that is missing. Other errors stay as they are. */
export function withParameterHint(error: unknown): unknown {
  if (!isStatusError(error, 'Invalid')) return error;
  const { details, message, code } = error;
  const { causes = [] } = details ?? {};
  const missing = causes.flatMap((cause) => missingParameter(cause) ?? []);
  if (missing.length === 0) return error;
  const hint = `give it with ${missing.map((name) => `--parameter ${name}=VALUE`).join(' ')}`;
  const hinted = causes.map((cause) => hintedCause(cause));
  return new StatusError('Invalid', `${message}; ${hint}`, {
    ...{ code, cause: error },
    details: { ...details, causes: hinted },
  });
}

function missingParameter({ reason, field = '' }: StatusCause): string | undefined {
  return reason === 'FieldValueRequired' ? PARAMETER.exec(field)?.[1] : undefined;
}

function hintedCause(cause: StatusCause): StatusCause {
  const name = missingParameter(cause);
  return name === undefined ? cause : { ...cause, message: `${cause.message} (--parameter ${name}=VALUE)` };
}
