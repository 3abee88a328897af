import { exportedNames } from './module-names';

const VERB = String.raw`\b(?:shrink|shorten|remov(?:e|es|ing)|delet(?:e|es|ing)|strip(?:s|ping)?|trim(?:s|ming)? down|split(?:s|ting)?)\b`;
/** Words that may stand between the verb and what it is about ("Split the long module src/a.ts"). */
const BETWEEN = String.raw`(?:\s+[^\s.;!?]{1,40}){0,5}?\s+["'\x60(*]{0,3}`;

/**
 * Whether a task's own words say that this file becomes shorter: the verb stands with its path, its name or one of its
 * exports. A verb anywhere ("a button to remove an entry") says nothing about files.
 */
export function saysCutDown(words: string, path: string, source: string): boolean {
  const base = path.slice(path.lastIndexOf('/') + 1);
  // Names that are ordinary words too ("add") are told from prose only by their form.
  const names = exportedNames(path, source).filter((name) => /[a-z0-9][A-Z]|_|\$/.test(name));
  return [path, base, ...names].some((name) =>
    new RegExp(`${VERB}${BETWEEN}(?:\\./)?${escaped(name)}(?![\\w/-]|\\.\\w)`, 'i').test(words),
  );
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`);
}
