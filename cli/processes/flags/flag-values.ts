import { resolve } from 'node:path';

/** A path as the process sees it, wherever it goes later. */
export const toPath = (file: string): string => resolve(file);

/** `a, b` gives `a` and `b`. */
export const commaSeparated = (text: string): string[] => text.split(',').map((part) => part.trim());

/** For a flag that may be given again. */
export const addValue = (value: string, values: string[] | undefined): string[] => [...(values ?? []), value];
