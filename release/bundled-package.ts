import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A package of somebody else. */
export interface BundledPackage {
  name: string;
  version: string;
  folder: string;
}

const IN_PACKAGE = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** The package that a file belongs to; undefined for a file of ours, and for what the bundler has made up. */
export async function packageOf(file: string): Promise<BundledPackage | undefined> {
  const [, folder, name] = IN_PACKAGE.exec(file) ?? [];
  if (folder === undefined || name === undefined || file.startsWith('\0')) return undefined;
  return readPackage(folder);
}

export async function readPackage(folder: string): Promise<BundledPackage> {
  const { name, version } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  return { name, version, folder };
}

/** The licences of packages, word by word, as most of them ask for where their code is handed on. */
export async function noticesOf(packages: readonly BundledPackage[]): Promise<string> {
  const texts = await Promise.all(packages.map(noticeOf));
  return `Troupe contains code of these packages.\n\n${texts.join('\n')}`;
}

async function noticeOf({ name, version, folder }: BundledPackage): Promise<string> {
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  const body = texts.length > 0 ? texts.map((text) => text.trim()).join('\n\n') : await declared(folder);
  return `${'='.repeat(80)}\n${name} ${version}\n${'='.repeat(80)}\n${body}\n`;
}

/** Some packages carry no text, and only name their licence. */
async function declared(folder: string): Promise<string> {
  const { license, author } = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8')) as {
    license?: string;
    author?: string | { name: string };
  };
  const by = typeof author === 'object' ? author.name : author;
  return [`Licence: ${license ?? 'not declared'}`, ...(by === undefined ? [] : [`Author: ${by}`])].join('\n');
}
