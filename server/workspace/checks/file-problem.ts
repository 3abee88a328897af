import 'server-only';
import { cssProblem } from './css-syntax';
import { JSON_FILE, jsonProblem, YAML_FILE, yamlProblem } from './data-syntax';
import { mismatchedHtml } from './html-tags';
import type { LineProblem } from './line-problem';
import { pythonProblem } from './python-syntax';
import { SCRIPT, scriptProblem } from './script-syntax';
import { bidirectionalText, conflictMarker } from './text-rules';
import { showInvisible } from './visible-text';

/** Longest message about one file, characters. */
const MAX_MESSAGE = 300;

type Parser = (path: string, text: string) => LineProblem | null | Promise<LineProblem | null>;

const PARSERS: [files: RegExp, parser: Parser][] = [
  [SCRIPT, scriptProblem],
  [JSON_FILE, jsonProblem],
  [YAML_FILE, (_, text) => yamlProblem(text)],
  [/\.html?$/i, (_, text) => mismatchedHtml(text)],
  [/\.css$/i, (_, text) => cssProblem(text)],
  [/\.py$/i, (_, text) => pythonProblem(text)],
];

export interface FileReport {
  /** The first mistake, or null. */
  problem: LineProblem | null;
  /** What a reviewer should know although it is no mistake. */
  notice: LineProblem | null;
  /** Whether there is a parser for this kind of file. */
  parsed: boolean;
}

/** Looks for the first mistake of a file. It may take any time and memory: only the thread of the parse check calls it. */
export async function fileReport(path: string, text: string): Promise<FileReport> {
  const parser = PARSERS.find(([files]) => files.test(path))?.[1];
  const bidirectional = bidirectionalText(path, text);
  const problem =
    conflictMarker(path, text) ??
    (bidirectional?.code === true ? bidirectional : null) ??
    (parser === undefined ? null : await parserProblem(parser, path, text));
  const notice = bidirectional?.code === false ? bidirectional : null;
  return { problem: short(problem), notice: short(notice), parsed: parser !== undefined };
}

async function parserProblem(parser: Parser, path: string, text: string): Promise<LineProblem | null> {
  try {
    return await parser(path, text);
  } catch (error) {
    // The parsers are recursive: the stack ends where the nesting is deeper than anybody writes.
    if (error instanceof RangeError) return { line: 1, message: 'it is nested too deeply to be parsed' };
    throw error;
  }
}

function short(problem: LineProblem | null): LineProblem | null {
  if (problem === null) return null;
  const message = showInvisible(problem.message.slice(0, MAX_MESSAGE));
  return { line: problem.line, message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message };
}
