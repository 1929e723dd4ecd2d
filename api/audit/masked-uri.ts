/** Parameters whose value is a secret, whoever put them into a URL; the API itself takes none. */
const SECRET_NAME = /token|secret|password|passwd|api[-_]?key|credential|signature|^key$|^code$|^sig$/i;
const MOST_LENGTH = 8 * 1024;

/**
 * Path and query of a request for the log: values of parameters that sound like a secret are taken out. A percent-encoded name
 * is read first. A longer text than 8 KiB is cut.
 */
export function maskedURI(uri: string): string {
  const at = uri.indexOf('?');
  const masked =
    at < 0
      ? uri
      : `${uri.slice(0, at)}?${uri
          .slice(at + 1)
          .split('&')
          .map(maskedParameter)
          .join('&')}`;
  return masked.length > MOST_LENGTH ? `${masked.slice(0, MOST_LENGTH)}...TRUNCATED` : masked;
}

function maskedParameter(text: string): string {
  const at = text.indexOf('=');
  if (at < 0) return text;
  return SECRET_NAME.test(decoded(text.slice(0, at))) ? `${text.slice(0, at)}=[redacted]` : text;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // it is no name of a parameter of ours, whatever it is
  }
}
