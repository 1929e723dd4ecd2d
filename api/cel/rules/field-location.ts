/** Where a rule is run: written out only when it has something to say. */
export class FieldLocation {
  static readonly root = new FieldLocation(undefined, '');
  readonly #parent: FieldLocation | undefined;
  readonly #text: string;

  private constructor(parent: FieldLocation | undefined, text: string) {
    this.#parent = parent;
    this.#text = text;
  }

  static at(path: string): FieldLocation {
    return new FieldLocation(undefined, path);
  }

  child(name: string): FieldLocation {
    return new FieldLocation(this, `.${name}`);
  }

  /** A key of a map or an index of a list. */
  key(key: number | string): FieldLocation {
    return new FieldLocation(this, `[${key}]`);
  }

  /** As the field package of apimachinery prints it; the root has no name there. */
  toString(): string {
    const parts: string[] = [];
    // oxlint-disable-next-line typescript/no-this-alias -- a walk to the root
    for (let at: FieldLocation | undefined = this; at !== undefined; at = at.#parent) parts.push(at.#text);
    const text = parts.toReversed().join('');
    return text === '' ? '<nil>' : text.replace(/^[.]/, '');
  }
}
