import 'server-only';
import { type ParserOptions, parse } from '@babel/parser';
import type { LineProblem } from './line-problem';

type Plugins = NonNullable<ParserOptions['plugins']>;
type SourceType = NonNullable<ParserOptions['sourceType']>;

/** Files of JavaScript and TypeScript. */
export const SCRIPT = /\.([cm]?[jt]s|[jt]sx)$/i;

const DECLARATIONS = /\.d\.[cm]?ts$/i;
/** A declaration file merges with others: names may be declared in both, and exported here and declared there. */
const MERGED = new Set(['VarRedeclaration', 'ModuleExportUndefined']);

/**
 * The first mistake of a script by the language's own rules, early errors and regular expressions among them. A `.js` or `.ts`
 * file may be either kind of module: it passes when it is right as one of them.
 */
export function scriptProblem(path: string, text: string): LineProblem | null {
  let found: { pos: number; problem: LineProblem } | null = null;
  const errorRecovery = DECLARATIONS.test(path);
  for (const plugins of pluginSets(path, text)) {
    for (const sourceType of sourceTypes(path)) {
      try {
        const options = { sourceType, plugins, attachComment: false, startColumn: 1, errorRecovery };
        const { program, errors } = parse(text, options);
        const mistake = errors.find(({ reasonCode }) => !MERGED.has(reasonCode));
        if (mistake !== undefined) throw mistake;
        return wrongRegex(program);
      } catch (error) {
        if (!isSyntaxError(error)) throw error;
        // The reading that got furthest is the one that was meant.
        if (found !== null && found.pos >= error.pos) continue;
        const { line, column } = error.loc;
        found = {
          pos: error.pos,
          problem: { line, message: `${error.message.replace(/ \(\d+:\d+\)$/, '')} (column ${column})` },
        };
      }
    }
  }
  return found?.problem ?? null;
}

function sourceTypes(path: string): SourceType[] {
  if (/\.m[jt]s$/i.test(path)) return ['module'];
  if (/\.cjs$/i.test(path)) return ['commonjs'];
  return /\.[jt]sx?$/i.test(path) && !/\.tsx?$/i.test(path) ? ['module', 'commonjs'] : ['module', 'script'];
}

/** The old and the new rules of decorators differ; only a text with an @ can tell. */
function pluginSets(path: string, text: string): Plugins[] {
  const extension = SCRIPT.exec(path)?.[1]?.toLowerCase() ?? 'js';
  const typed = extension.includes('ts');
  const common: Plugins = ['decoratorAutoAccessors', 'deferredImportEvaluation', 'sourcePhaseImports'];
  if (typed) common.push(['typescript', { dts: DECLARATIONS.test(path) }]);
  else if (/@flow\b/.test(text.slice(0, 2_000))) common.push(['flow', { all: true }]);
  if (!typed || extension === 'tsx') common.push('jsx');
  if (!text.includes('@')) return [common];
  return [
    [...common, 'decorators-legacy'],
    [...common, 'decorators'],
  ];
}

interface BabelError extends SyntaxError {
  pos: number;
  loc: { line: number; column: number };
}

const isSyntaxError = (error: unknown): error is BabelError =>
  error instanceof SyntaxError && 'pos' in error && 'loc' in error;

/** Longer patterns are not compiled: what they would cost has no bound. */
const MAX_PATTERN = 10_000;

/** The first regular expression that this engine refuses; the parser does not look into them. Not recursive: trees may be deep. */
function wrongRegex(program: object): LineProblem | null {
  const waiting: unknown[] = [program];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (typeof node !== 'object' || node === null) continue;
    if ('type' in node && node.type === 'RegExpLiteral') {
      const problem = regexProblem(node);
      if (problem !== null) return problem;
    } else for (const part of Object.values(node)) if (typeof part === 'object' && part !== null) waiting.push(part);
  }
  return null;
}

function regexProblem(node: object): LineProblem | null {
  const { pattern, flags, loc } = Object.assign({ pattern: '', flags: '', loc: { start: { line: 1 } } }, node);
  if (pattern.length > MAX_PATTERN) return null;
  try {
    new RegExp(pattern, flags);
    return null;
  } catch (error) {
    return { line: loc.start.line, message: error instanceof Error ? error.message : 'invalid regular expression' };
  }
}
