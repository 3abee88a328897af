import 'server-only';

/** What is needed of a project to say whether a free description means it. */
export interface Matchable {
  /** Regular expressions over normalized words; one of them must be found. */
  phrases: string[];
  /** What looks alike and is another thing. */
  excludes: string[];
  /** Technologies, platforms and formats that the project really has. */
  stack: string[];
  /** Text about the project: its words are known. */
  about: string;
}

/** More unknown words than this, and the description wants something that the project does not have. */
const MAX_UNKNOWN_WORDS = 3;

/**
 * Words that decide what is built. One that the project does not have is never overlooked: who asks for React must not be
 * given a Python tool.
 */
const DECISIVE = new Set(
  `javascript js node nodejs typescript ts deno bun python python3 py java kotlin swift rust golang csharp dotnet php ruby rails perl lua
  scala haskell elixir dart julia bash powershell cobol fortran assembly matlab
  react vue angular svelte jquery nextjs nuxt astro django flask fastapi express nestjs laravel spring electron tauri flutter unity
  godot pygame tkinter qt tailwind bootstrap webgl threejs three wasm webassembly
  web website webpage page pages site browser html css canvas cli command terminal console tui gui desktop android ios iphone ipad mobile phone
  native kiosk library package module extension plugin bot discord slack telegram whatsapp alexa
  api rest graphql http server backend service microservice websocket
  csv json excel xlsx xls spreadsheet spreadsheets xml yaml toml pdf latex sql sqlite postgres postgresql mysql mongodb mongo redis
  firebase supabase database databases docker kubernetes aws lambda cloud serverless blockchain bitcoin nft
  login logins account accounts auth oauth users payment payments stripe subscription subscriptions checkout multiplayer 3d vr ai
  chatgpt gpt llm editor email emails sms notification notifications calendar chat ocr photo photos receipts invoices dashboard`.split(
    /\s+/,
  ),
);

/** Languages whose names are too short or too common to be found as a word. */
const SHORT_NAMES = /\bin (?:go|c|r|d|zig|nim|vb)\b|\bc ?(?:\+\+|#)/;

const COMMON = new Set(
  `a an the and or of for to in on with without my our your me i we you it its is are be that this these those which who what when where from by
  as at into out up so can could should would will like want wants need needs please make makes made build builds create creates write
  writes give gives get gets have has had do does let lets help simple small little tiny easy quick fast nice good great clean pretty basic plain
  minimal new own app apps application tool tools program programs script scripts software project utility thing something one two three
  some any all each every just only very really also then using use uses used work works working own personal daily line lines file
  files text able turn turns show shows convert converts converter conversion generator generate format formatter take takes put`.split(
    /\s+/,
  ),
);

/** Lower-case words with one space between them: "Conway's CSV-to-JSON" is "conways csv to json". */
export function normalizeDescription(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/['’]/g, '')
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim();
}

/** True when the description asks for the project and for nothing that it does not have. */
export function describes(description: string, project: Matchable): boolean {
  const text = normalizeDescription(description);
  const holds = (phrase: string) => new RegExp(`\\b(?:${phrase})\\b`).test(text);
  if (!project.phrases.some(holds) || project.excludes.some(holds)) return false;
  if (SHORT_NAMES.test(description.toLowerCase())) return false;
  const words = [...new Set(text.split(' '))];
  if (words.some((word) => DECISIVE.has(word) && !project.stack.includes(word))) return false;
  const known = new Set(normalizeDescription(project.about).split(' ').map(stem));
  const unknown = words.filter(
    (word) => word.length > 2 && !COMMON.has(word) && !DECISIVE.has(word) && !known.has(stem(word)),
  );
  return unknown.length <= MAX_UNKNOWN_WORDS;
}

/** One form for "habit" and "habits", "track", "tracks", "tracker" and "tracking". */
function stem(word: string): string {
  return word.length <= 4 ? word.replace(/s$/, '') : word.replace(/(?:ers?|ings?|ed|es|s|e)$/, '');
}
