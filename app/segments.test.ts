import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const pages = globSync('app/**/page.tsx');
const text = (path: string) => readFileSync(path, 'utf8');

/** The nearest file of a name at or above a page, inside its route group. */
function nearest(page: string, name: string): string | null {
  for (let folder = dirname(page); folder.startsWith(join('app', '(')); folder = dirname(folder))
    if (existsSync(join(folder, name))) return join(folder, name);
  return null;
}

it('reads every page there is', () => {
  expect(pages.length).toBeGreaterThan(25);
});

it.each(
  pages.filter((page) => !/redirect\('\/settings/.test(text(page)) && page !== join('app', '(marketing)', 'page.tsx')),
)('%s has a title', (page) => {
  expect(text(page)).toMatch(/export (const metadata(: Metadata)? = |async function generateMetadata)/);
});

it.each(pages)('%s fails inside its own segment', (page) => {
  const boundary = nearest(page, 'error.tsx');
  // The one of the whole workspace would take the segment's frame away too.
  expect(boundary).not.toBeNull();
  expect(boundary).not.toBe(join('app', '(workspace)', 'error.tsx'));
});

it.each(pages.filter((page) => text(page).includes('ReadAhead') && !page.includes('checkout')))(
  '%s shows a skeleton while the server reads',
  (page) => {
    expect(nearest(page, 'loading.tsx')).not.toBeNull();
  },
);
