import 'server-only';

/**
 * Names that files export and import, read by regular expressions. A model wrote the text, so each expression takes time in
 * proportion to it: runs of white space are one character, and no part before a decisive character can be read in two ways.
 */

const SCRIPT = /\.(?:[cm]?[jt]sx?)$/;

/** White space of one character each; a line break stays one, because declarations are found at the start of a line. */
const spaced = (text: string): string => text.replaceAll(/\s+/g, (run) => (run.includes('\n') ? '\n' : ' '));

/** Python: indentation means something, so only what stands within a line is shortened. */
const spacedPython = (text: string): string => text.replaceAll(/[ \t]+/g, ' ');

const firstGroups = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** Names of a list in braces: the outer names for exports (`a as b` gives b), the inner ones for imports (gives a). */
function listed(braces: string, side: 'inner' | 'outer'): string[] {
  return braces.split(',').map((part) => {
    const names = part
      .trim()
      .replace(/^type\s/, '')
      .split(/\sas\s|\s?:\s?/);
    return (side === 'inner' ? names[0] : names.at(-1)) ?? '';
  });
}

/** Names a file gives to others; `*` when it passes on another file's names, which this text does not tell. */
export function exportedNames(path: string, text: string): string[] {
  const found = SCRIPT.test(path)
    ? scriptExports(spaced(text))
    : path.endsWith('.py')
      ? pythonNames(spacedPython(text))
      : [];
  return [...new Set(found.filter((name) => /^[\w$*]+$/.test(name)))];
}

const DECLARED =
  /^ ?export\s(?:default\s)?(?:declare\s)?(?:abstract\s)?(?:async\s)?(?:function(?:\s?\*\s?|\s)|class\s|const\senum\s|const\s|let\s|var\s|interface\s|type\s|enum\s|namespace\s)([\w$]+)/gm;

function scriptExports(text: string): string[] {
  return [
    ...firstGroups(text, DECLARED),
    ...firstGroups(text, /^ ?export\s?(?:type\s?)?\{([^{}]*)\}/gm).flatMap((braces) => listed(braces, 'outer')),
    ...firstGroups(text, /^ ?export\s(?:const|let|var)\s?\{([^{}]*)\}/gm).flatMap((braces) => listed(braces, 'outer')),
    ...firstGroups(text, /^ ?export\s?\*\s?(?:as\s([\w$]+))?/gm).map((name) => name || '*'),
    ...firstGroups(text, /(?:^|[^\w.$])(?:module\.)?exports\.([\w$]+)\s?=(?!=)/g),
    ...firstGroups(text, /(?:^|[^\w.$])module\.exports\s?=\s?\{([^{}]*)[{}]/g).flatMap((braces) =>
      listed(braces, 'inner'),
    ),
    ...(/^ ?export\sdefault\b/m.test(text) ? ['default'] : []),
  ];
}

function pythonNames(text: string): string[] {
  return [
    ...firstGroups(text, /^(?:async )?(?:def|class) (\w+)/gm),
    ...firstGroups(text, /^([A-Za-z_]\w*) ?(?::[^=\n]{1,200})?=(?!=)/gm),
    ...pythonImports(text).flatMap(({ names }) => listed(names, 'outer')),
  ];
}

/** `from x import a, b as c`, over several lines where in parentheses. */
function pythonImports(text: string): { from: string; names: string }[] {
  const pattern = /^ ?from ([.\w]+) import (?:\(([^()]*)\)|([^(\n][^\n]*))/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    from: match[1] ?? '',
    names: (match[2] ?? match[3] ?? '').replaceAll(/#[^\n]*/g, ''),
  }));
}

/** What one file takes from another. */
interface Taken {
  importer: string;
  names: string[];
}

export interface ImportIndex {
  importersOf(path: string): Taken[];
}

/** Reads the imports of every file once, so that each lookup costs only what it finds. */
export function importIndex(files: ReadonlyMap<string, string>): ImportIndex {
  const scripts = new Map<string, Taken[]>();
  const modules = new Map<string, Taken[]>();
  const add = (index: Map<string, Taken[]>, key: string, importer: string, names: string[]) => {
    const there = index.get(key);
    if (there === undefined) index.set(key, [{ importer, names }]);
    else there.push({ importer, names });
  };
  for (const [importer, text] of files) {
    if (SCRIPT.test(importer)) {
      for (const { specifier, names } of scriptImports(spaced(text)))
        for (const target of targetsOf(importer, specifier)) add(scripts, target, importer, names);
    } else if (importer.endsWith('.py')) {
      for (const { from, names } of pythonImports(spacedPython(text)))
        add(modules, from.replace(/^\.+/, ''), importer, listed(names, 'inner'));
    }
  }
  return {
    importersOf: (path) => {
      const found = SCRIPT.test(path)
        ? (scripts.get(bare(path)) ?? [])
        : path.endsWith('.py')
          ? moduleNames(path).flatMap((name) => modules.get(name) ?? [])
          : [];
      return found.filter(({ importer }) => importer !== path);
    },
  };
}

/** The names under which a Python file may be imported: `a/b/c.py` is `a.b.c`, `b.c` and `c`. */
function moduleNames(path: string): string[] {
  const parts = path
    .replace(/\.py$/, '')
    .replace(/\/__init__$/, '')
    .split('/');
  return parts.map((_, i) => parts.slice(i).join('.'));
}

const IMPORTS =
  /\b(?:import|export)\s(?:type\s)?((?:[\w$]+\s?,?\s?)?(?:\{[^{}]*\}|\*\s?as\s[\w$]+|\*)?)\s?from\s?['"]([^'"\n]{1,300})['"]/g;
const REQUIRES =
  /\b(?:const|let|var)\s(?:\{([^{}]*)\}|([\w$]+))\s?=\s?(?:await\simport|require)\s?\(\s?['"]([^'"\n]{1,300})['"]/g;

function scriptImports(text: string): { specifier: string; names: string[] }[] {
  const members = lazyMembers(text);
  const found: { specifier: string; names: string[] }[] = [];
  for (const [, clause = '', specifier = ''] of text.matchAll(IMPORTS)) {
    const open = clause.indexOf('{');
    const star = open < 0 ? clause.indexOf('*') : -1;
    const names = [
      ...(open < 0 ? [] : listed(clause.slice(open + 1, clause.lastIndexOf('}')), 'inner')),
      ...(/^[\w$]/.test(clause) ? ['default'] : []),
      ...(star < 0 ? [] : members(/as\s([\w$]+)$/.exec(clause.slice(star).trim())?.[1])),
    ];
    found.push({ specifier, names: names.filter((name) => name !== '') });
  }
  for (const [, braces = '', binding, specifier = ''] of text.matchAll(REQUIRES)) {
    const names = [...listed(braces, 'inner'), ...members(binding)];
    found.push({ specifier, names: names.filter((name) => name !== '') });
  }
  return found;
}

/**
 * What is used of a module bound to one name: `ns.a` gives a. The text is read once, when the first name is asked for, and each
 * name is answered once: a file binds it to one module.
 */
function lazyMembers(text: string): (binding: string | undefined) => string[] {
  let index: Map<string, Set<string>> | undefined;
  return (binding) => {
    if (binding === undefined) return [];
    if (index === undefined) {
      index = new Map();
      for (const [, name = '', member = ''] of text.matchAll(/(?<![\w$])([\w$]+)\.([\w$]+)/g)) {
        const members = index.get(name);
        if (members === undefined) index.set(name, new Set([member]));
        else members.add(member);
      }
    }
    const found = [...(index.get(binding) ?? [])];
    index.delete(binding);
    return found;
  };
}

const bare = (path: string): string => path.replace(SCRIPT, '').replace(/\/index$/, '');

/** Which files a specifier may mean, without their extension; none when it means a package. */
function targetsOf(importer: string, specifier: string): string[] {
  // The usual aliases of a project's root or its src folder.
  if (/^[@~]\//.test(specifier)) return [bare(specifier.slice(2)), `src/${bare(specifier.slice(2))}`];
  if (!specifier.startsWith('.')) return [];
  const parts = importer.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return [bare(parts.join('/'))];
}
