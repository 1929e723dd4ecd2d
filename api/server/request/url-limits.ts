import { badRequest, StatusError } from '../../machinery/status-error.ts';

/** Selectors of thousands of values are shorter. */
const MAX_URL_LENGTH = 256 * 1024;
/** kube-apiserver knows some twenty. */
const MAX_PARAMETERS = 1000;

/** @throws StatusError 414, BadRequest */
export function checkUrl(url: string): void {
  if (url.length <= MAX_PARAMETERS) return;
  if (url.length > MAX_URL_LENGTH) {
    const message = `Request URI too long: limit is ${MAX_URL_LENGTH}`;
    throw new StatusError('BadRequest', message, { code: 414 });
  }
  if (url.split('&', MAX_PARAMETERS + 1).length > MAX_PARAMETERS) {
    throw badRequest(`the URL has too many parameters: limit is ${MAX_PARAMETERS}`);
  }
}
