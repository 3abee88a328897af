import 'server-only';
import type { Node } from 'web-tree-sitter';
import { descendants, type LineProblem, lineOf, namedChildren } from './syntax-walk';

const CLASSES = new Set(['class_declaration', 'abstract_class_declaration']);
const FUNCTIONS = new Set(['function_declaration', 'generator_function_declaration']);

const WITH_PARAMETERS = [
  ...FUNCTIONS,
  'function',
  'function_expression',
  'generator_function',
  'arrow_function',
  'method_definition',
  'catch_clause',
];

interface Declared {
  name: string;
  line: number;
  /** `let`, `const` and classes: nothing else of the scope may have their name. */
  lexical: boolean;
}

/**
 * The first name that is declared twice in one scope although one of the two is `let`, `const` or a class (ECMA-262, early
 * errors of blocks and bodies). The grammar accepts such text, every engine refuses it.
 */
export function redeclared(root: Node, typed: boolean): LineProblem | null {
  let first: LineProblem | null = null;
  const parameters = parametersByBody(root);
  for (const scope of descendants(root, ['program', 'statement_block', 'switch_body'])) {
    const problem = firstClash([...(parameters.get(scope.id) ?? []), ...declaredIn(scope, typed)]);
    if (problem !== null && (first === null || problem.line < first.line)) first = problem;
  }
  return first;
}

function firstClash(all: Declared[]): LineProblem | null {
  const seen = new Map<string, Declared>();
  for (const one of all) {
    const other = seen.get(one.name);
    if (other !== undefined && (one.lexical || other.lexical))
      return { line: one.line, message: `${one.name} is already declared on line ${other.line}` };
    if (other === undefined) seen.set(one.name, one);
  }
  return null;
}

function declaredIn(scope: Node, typed: boolean): Declared[] {
  const statements = scope.type === 'switch_body' ? namedChildren(scope).flatMap(namedChildren) : namedChildren(scope);
  return statements.flatMap((statement) => declaredBy(statement, typed));
}

/** Names of parameters by the id of the body that shares them: of functions and catch clauses. */
function parametersByBody(root: Node): Map<number, Declared[]> {
  const found = new Map<number, Declared[]>();
  for (const owner of descendants(root, WITH_PARAMETERS)) {
    const body = owner.childForFieldName('body');
    const list = owner.childForFieldName('parameters');
    const single = owner.childForFieldName('parameter');
    const patterns = list === null ? (single === null ? [] : [single]) : namedChildren(list);
    if (body !== null)
      found.set(
        body.id,
        patterns.flatMap((pattern) => namesOf(pattern, false)),
      );
  }
  return found;
}

function declaredBy(statement: Node, typed: boolean): Declared[] {
  if (statement.type === 'export_statement') {
    const declaration = statement.childForFieldName('declaration');
    return declaration === null ? [] : declaredBy(declaration, typed);
  }
  if (statement.type === 'lexical_declaration' || statement.type === 'variable_declaration') {
    const lexical = statement.type === 'lexical_declaration';
    return namedChildren(statement).flatMap((child) => {
      const name = child.childForFieldName('name');
      return name === null ? [] : namesOf(name, lexical);
    });
  }
  if (CLASSES.has(statement.type) || FUNCTIONS.has(statement.type)) {
    const name = statement.childForFieldName('name');
    return name === null ? [] : [{ name: name.text, line: lineOf(name), lexical: CLASSES.has(statement.type) }];
  }
  // TypeScript may import a type under the name of a local value.
  if (statement.type === 'import_statement' && !typed) return importedBy(statement);
  return [];
}

function importedBy(statement: Node): Declared[] {
  return namedChildren(statement)
    .filter(({ type }) => type === 'import_clause')
    .flatMap(namedChildren)
    .flatMap((part) => {
      if (part.type === 'named_imports')
        return namedChildren(part).flatMap((specifier) => {
          const name = specifier.childForFieldName('alias') ?? specifier.childForFieldName('name');
          return name === null ? [] : namesOf(name, true);
        });
      return part.type === 'namespace_import'
        ? namedChildren(part).flatMap((name) => namesOf(name, true))
        : namesOf(part, true);
    });
}

/** The names that a binding pattern declares: neither its keys nor its default values. */
function namesOf(pattern: Node, lexical: boolean): Declared[] {
  const found: Declared[] = [];
  const waiting: (Node | null)[] = [pattern];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    switch (node?.type) {
      case 'identifier':
      case 'shorthand_property_identifier_pattern':
        found.push({ name: node.text, line: lineOf(node), lexical });
        break;
      case 'array_pattern':
      case 'object_pattern':
      case 'rest_pattern':
        waiting.push(...namedChildren(node).toReversed());
        break;
      case 'pair_pattern':
        waiting.push(node.childForFieldName('value'));
        break;
      case 'assignment_pattern':
      case 'object_assignment_pattern':
        waiting.push(node.childForFieldName('left'));
        break;
      case 'required_parameter':
      case 'optional_parameter':
        waiting.push(node.childForFieldName('pattern'));
        break;
    }
  }
  return found;
}
