/** C0 controls but tab and line feed, DEL, and C1 controls (ECMA-48). */
// oxlint-disable-next-line no-control-regex -- controls are what it is about
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;
/** They turn what follows around, so that a line reads as another one (Unicode TR 36, section 3). */
const BIDI = /[\u202a-\u202e\u2066-\u2069]/g;
const LINE_END = /\r\n/g;

/**
 * Text for a terminal, with nothing that a terminal takes for a command: agents, models and tool servers write what
 * they like. Controls are shown as `^[` (C1 as the escape sequence that means the same), line ends are `\n`.
 */
export function visibleText(text: string): string {
  return text
    .replace(LINE_END, '\n')
    .replace(CONTROLS, shown)
    .replace(BIDI, (char) => `<U+${char.charCodeAt(0).toString(16).toUpperCase()}>`);
}

function shown(char: string): string {
  const code = char.charCodeAt(0);
  // ECMA-48, section 5.3: a C1 control is ESC and the character 64 below it.
  if (code >= 0x80) return `^[${String.fromCharCode(code - 0x40)}`;
  return `^${String.fromCharCode(code ^ 0x40)}`;
}
