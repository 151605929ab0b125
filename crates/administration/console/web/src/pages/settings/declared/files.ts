// The files that somebody chose: those that declare something, read; the others, named.

import type { PolicyFile } from '../../../api/types';

export interface Chosen {
  files: PolicyFile[];
  /** Chosen, and not read: in a folder below, or neither *.toml nor *.cedar. */
  left: string[];
}

/** The path within the folder that was chosen; of a single file, its name. */
const within = (file: File): string => file.webkitRelativePath.replace(/^[^/]*\//, '') || file.name;

const declares = (path: string): boolean => /^[^./][^/]*\.(toml|cedar)$/.test(path);

export async function chosen(list: FileList): Promise<Chosen> {
  const all = [...list].map((file) => ({ file, path: within(file) })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const wanted = all.filter(({ path }) => declares(path));
  return {
    files: await Promise.all(wanted.map(async ({ file, path }) => ({ name: path, text: await file.text() }))),
    left: all.filter(({ path }) => !declares(path)).map(({ path }) => path),
  };
}
