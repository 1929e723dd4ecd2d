/** The answer to a call to the runner that cannot be done. */
export class HttpError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export function badRequest(message: string): HttpError {
  return new HttpError(400, 'BadRequest', message);
}

export function conflict(message: string): HttpError {
  return new HttpError(409, 'Conflict', message);
}
