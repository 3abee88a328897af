import 'server-only';
import { type ParseError, parse, printParseErrorCode } from 'jsonc-parser';
import { isMap, isScalar, isSeq, type Node, type Pair, parseAllDocuments } from 'yaml';
import { type LineProblem, lineAt } from './line-problem';

export const JSON_FILE = /\.(?:json|jsonc|code-workspace)$/i;
export const YAML_FILE = /\.ya?ml$/i;

/** Files that are JSON with comments and trailing commas by their tools' own rule. */
const COMMENTED =
  /\.(?:jsonc|code-workspace)$|(?:^|\/)(?:[jt]sconfig(?:\.[\w-]+)*|\.vscode\/[^/]+|\.(?:eslintrc|babelrc|swcrc|oxlintrc|jsbeautifyrc)|\.?devcontainer|angular|api-extractor|biome|deno|jsdoc|knip|language-configuration|nx|project|pyrightconfig|rush|tsdoc|tslint|turbo|typedoc|wrangler)\.json$/i;

/** The first mistake of a JSON file: comments and trailing commas are one, except where the file's own tool reads them. */
export function jsonProblem(path: string, text: string): LineProblem | null {
  const bare = text.replace(/^\ufeff/, '');
  const commented = COMMENTED.test(path);
  let strict = 'not JSON';
  try {
    JSON.parse(bare);
    return null;
  } catch (error) {
    if (error instanceof Error) strict = error.message;
  }
  const errors: ParseError[] = [];
  parse(bare, errors, { disallowComments: !commented, allowTrailingComma: commented });
  const [first] = errors;
  if (first === undefined) return commented ? null : { line: 1, message: strict };
  const column = first.offset - bare.lastIndexOf('\n', first.offset - 1);
  const said = printParseErrorCode(first.error)
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
  return lineAt(bare, { offset: first.offset, message: `${said} (column ${column})` });
}

/** Lines of template languages (Helm, Jinja) stand between the lines of such a file. */
const TEMPLATE = /^\s*(?:\{\{|\{%)/m;

/** The first mistake of a YAML file. Aliases are never followed. */
export function yamlProblem(text: string): LineProblem | null {
  if (TEMPLATE.test(text)) return null;
  // The library compares each key with each other one; `repeatedKey` does so in proportion to the text.
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents)) return null;
  for (const { errors, contents } of documents) {
    const [error] = errors;
    // The library reports a stack that overflows as a mistake of the text.
    if (error?.message.startsWith('Maximum call stack')) throw new RangeError(error.message);
    if (error !== undefined)
      return { line: error.linePos?.[0].line ?? 1, message: error.message.split('\n')[0] ?? 'not YAML' };
    const repeated = repeatedKey(contents);
    if (repeated !== null) return lineAt(text, repeated);
  }
  return null;
}

/** The first key that a map holds twice (YAML 1.2, 3.2.1.1). Not recursive: trees may be deep. */
function repeatedKey(root: Node | null): { offset: number; message: string } | null {
  const waiting: unknown[] = [root];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isSeq(node)) for (const item of node.items) waiting.push(item ?? null);
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const { key, value } of node.items as Pair[]) {
      waiting.push(key ?? null, value ?? null);
      // Several merge keys are allowed.
      if (!isScalar(key) || key.value === '<<') continue;
      if (seen.has(key.value))
        return {
          offset: key.range?.[0] ?? 0,
          message: `the key ${JSON.stringify(key.value).slice(0, 80)} stands twice in one map`,
        };
      seen.add(key.value);
    }
  }
  return null;
}
