import type { Credentials, HeaderLine } from '../../authentication/authenticator.ts';
import { badRequest } from '../../machinery/status-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Headers line by line. Node joins the lines of one name with commas, which names of users and groups may hold.
 * @param rawHeaders names and values by turns, as Node has them
 */
export function createHeaderLines(
  rawHeaders: readonly string[],
): Pick<Credentials, 'headerLines' | 'headerLinesWithPrefix'> {
  const select = (matches: (name: string) => boolean): HeaderLine[] => {
    const found: HeaderLine[] = [];
    for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
      const name = (rawHeaders[at] ?? '').toLowerCase();
      if (matches(name)) found.push({ name, value: decode(name, rawHeaders[at + 1] ?? '') });
    }
    return found;
  };
  return {
    headerLines: (wanted) => select((name) => name === wanted).map(({ value }) => value),
    headerLinesWithPrefix: (prefix) => select((name) => name.startsWith(prefix)),
  };
}

/** Node gives each byte as one character; clients written in Go send UTF-8. */
function decode(name: string, value: string): string {
  // oxlint-disable-next-line no-control-regex -- ASCII is from 0 on
  if (/^[\u0000-\u007F]*$/.test(value)) return value;
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    // Two users must not become one by way of a replacement character.
    throw badRequest(`the header ${JSON.stringify(name)} is not UTF-8`);
  }
}
