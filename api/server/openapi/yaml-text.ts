import { jsonText } from '../../machinery/json/json.ts';

/** Characters that JSON allows in a text and YAML does not, or takes for the end of a line (YAML 1.2, section 5.1). */
const NOT_PRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** Half of a surrogate pair, as JSON.stringify writes it; no text in Go can hold one. */
const HALF_PAIR = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** JSON that is YAML too: clients in Go read OpenAPI as YAML, and one bad text would cost them all kinds. */
export function yamlText(value: unknown): string {
  return jsonText(value)
    .replaceAll(HALF_PAIR, '$1\ufffd')
    .replaceAll(NOT_PRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
