import packageManifest from '../package.json' with { type: 'json' };

/** The top-level folders with code, in order: those that have an alias in package.json, such as `#api/*`. */
export const SOURCE_FOLDERS: readonly string[] = Object.keys(packageManifest.imports).map((alias) =>
  alias.replace(/^#(.*)\/\*$/, '$1'),
);
