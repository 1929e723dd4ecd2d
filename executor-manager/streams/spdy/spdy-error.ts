/** The other side does not keep to SPDY/3, or to our limits. Its message is for people. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}
