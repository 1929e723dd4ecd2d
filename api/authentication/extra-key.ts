/**
 * A key of `extra` that stands in the name of a header, percent-encoded. One that is not encoded well stands for
 * itself.
 */
export function unescapeExtraKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
