/** Stripe's form encoding: `items[0][price]=a&metadata[key]=b&expand[]=c`, in bodies and in query strings. */

export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type Form = { [key: string]: FormValue };

type Branch = { [key: string]: string | Branch };

/** Parses a form; a level whose keys are 0..n-1 becomes an array. */
export function parseForm(text: string): Form {
  const root: Branch = emptyBranch();
  for (const [name, value] of new URLSearchParams(text)) set(root, pathOf(name), value);
  const form: Form = emptyBranch();
  for (const [key, value] of Object.entries(root)) form[key] = tidy(value);
  return form;
}

/** No prototype: a parameter may be called `constructor`. */
function emptyBranch<T extends object>(): T {
  return Object.create(null);
}

function pathOf(name: string): string[] {
  const head = name.replace(/\[.*$/s, '');
  return [head, ...[...name.slice(head.length).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '')];
}

function set(root: Branch, path: string[], value: string): void {
  let branch = root;
  for (const [depth, part] of path.entries()) {
    const key = part === '' ? String(Object.keys(branch).length) : part;
    if (depth === path.length - 1) {
      branch[key] = value;
      return;
    }
    const next = branch[key];
    const child: Branch = typeof next === 'object' ? next : emptyBranch();
    branch[key] = child;
    branch = child;
  }
}

function tidy(value: string | Branch): FormValue {
  if (typeof value === 'string') return value;
  const entries = Object.entries(value);
  if (entries.length > 0 && entries.every(([key], index) => key === String(index))) {
    return entries.map(([, child]) => tidy(child));
  }
  const object: Form = emptyBranch();
  for (const [key, child] of entries) object[key] = tidy(child);
  return object;
}
