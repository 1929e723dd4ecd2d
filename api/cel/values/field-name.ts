/** Property names as identifiers of CEL (apiserver pkg/cel/escaping.go). */

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);
const ESCAPES: Record<string, string> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};
const UNESCAPES: Record<string, string> = { underscores: '__', dot: '.', dash: '-', slash: '/' };

/** The identifier of a property; undefined when CEL has no way to name it. */
export function escapeName(property: string): string | undefined {
  if (!/^[A-Za-z_./-][\w./-]*$/.test(property)) return undefined;
  if (RESERVED.has(property)) return `__${property}__`;
  return property.replaceAll(/__|[-./]/g, (part) => ESCAPES[part] ?? part);
}

/** The property that an identifier means; undefined when an escape in it is none. */
export function unescapeName(name: string): string | undefined {
  if (!name.includes('__')) return name;
  let valid = true;
  const property = name.replaceAll(/_{2}([^_]+)_{2}/g, (whole, contents: string) => {
    if (Object.hasOwn(UNESCAPES, contents)) return UNESCAPES[contents] ?? '';
    if (!RESERVED.has(contents) || whole.length !== name.length) valid = false;
    return contents;
  });
  return valid ? property : undefined;
}
