/** Thrown for a body that is not a request of the protocol; the message is for the client. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
}
