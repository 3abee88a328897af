import 'server-only';

/** A colour or cursor command of a terminal (ECMA-48): introducer, parameters, final letter. */
const TERMINAL = String.raw`\u001b\[[\d;?]{0,30}[@-~]`;
/** Arabic, Syriac and Kaithi signs that Unicode counts as formats although they are seen. */
const SEEN_FORMATS = String.raw`[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}]`;
/**
 * What cannot be seen or reorders what is seen: controls except tab and line feed, formats, everything that Unicode lets a
 * program show as nothing, and the blanks of Hangul and Braille (CVE-2021-42574, Unicode UTS 55). A sign's own choice between
 * text and emoji stays: test runners write it after each mark.
 */
const UNSEEN = String.raw`[\p{Cs}\p{Zl}\p{Zp}\u2800\ufffc\u{1d159}[\p{Cc}--[\t\n]][\p{Cf}--${SEEN_FORMATS}][\p{Default_Ignorable_Code_Point}--[\ufe0e\ufe0f]]]|(?<!\p{Emoji})[\ufe0e\ufe0f]`;
const MARKED = new RegExp(`${TERMINAL}|(${UNSEEN})\\1*`, 'gv');

/** `U+202E`: the usual way to name a character that cannot be shown. */
export function codePointName(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Most characters that are shown. A command's output is cut before that; only marks make it longer. */
const MOST_SHOWN = 96 * 1024;

/**
 * Writes a mark for each invisible or bidirectional character: `⟨U+202E⟩`, `⟨U+0000 ×512⟩` for a run, `⟨ESC[31m⟩` for a
 * terminal command. Line ends become `\n`. Everything else stays as it is. A text that its marks make too long loses its middle.
 */
export function showInvisible(text: string): string {
  const shown = text.replaceAll('\r\n', '\n').replaceAll(MARKED, (found, character: string | undefined) => {
    if (character === undefined) return `⟨ESC${found.slice(1)}⟩`;
    const count = found.length / character.length;
    return `⟨${codePointName(character)}${count > 1 ? ` ×${count}` : ''}⟩`;
  });
  if (shown.length <= MOST_SHOWN) return shown;
  const [head, tail] = [shown.slice(0, MOST_SHOWN / 2), shown.slice(-MOST_SHOWN / 2)];
  // A cut may fall between the two halves of a character.
  return `${head.toWellFormed()}\n[output cut: ${shown.length - MOST_SHOWN} characters left out]\n${tail.toWellFormed()}`;
}
