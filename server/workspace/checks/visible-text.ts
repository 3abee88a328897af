import 'server-only';

/** A colour or cursor command of a terminal (ECMA-48): introducer, parameters, final letter. */
const TERMINAL = String.raw`\u001b\[[\d;?]{0,30}[@-~]`;
/**
 * What cannot be seen or reorders what is seen: controls except tab and line feed, soft hyphen, zero-width and bidirectional
 * characters, fillers, tags, and the supplementary variation selectors (CVE-2021-42574, Unicode UTS 55).
 */
const UNSEEN = String.raw`[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e007f}\u{e0100}-\u{e01ef}]|\p{Cs}`;
const MARKED = new RegExp(`${TERMINAL}|(${UNSEEN})\\1*`, 'gu');

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
