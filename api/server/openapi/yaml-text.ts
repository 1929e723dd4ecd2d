import { jsonText } from '../../machinery/json.ts';

/** Characters that JSON allows in a text and YAML does not, or takes for the end of a line (YAML 1.2, section 5.1). */
const NOT_PRINTABLE = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/** JSON that is YAML too: clients in Go read OpenAPI as YAML. */
export function yamlText(value: unknown): string {
  return jsonText(value).replaceAll(
    NOT_PRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
