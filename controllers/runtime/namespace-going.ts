import { isStatusError } from '#api/machinery/status-error';

/** A create that failed because its namespace went, or began to go, after it was looked at. */
export function isNamespaceGoing(error: unknown): boolean {
  if (isStatusError(error, 'NotFound')) return true;
  return (
    isStatusError(error, 'Forbidden') &&
    error.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') === true
  );
}
