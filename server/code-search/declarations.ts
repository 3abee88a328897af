import 'server-only';
import type { Node } from 'web-tree-sitter';

/** Node types, over all grammars, that declare something with a name. */
const DECLARES =
  /(function|method|class|interface|struct|enum|impl|trait|module|namespace|mod_item|type_alias|type_declaration|type_spec|type_item|constructor|record|union|macro|property|field|const|static|variable|lexical|object|delegate|protocol)\w*(declaration|definition|item|specifier|statement|spec)?$|^declaration$/;
const NOT_DECLARATIONS =
  /(call|expression|argument|parameter|body|identifier|comment|import|literal|pattern|initializer|access|modifiers?)/;
/** Wrappers whose content is the declaration. */
const WRAPPERS = new Set([
  'export_statement',
  'decorated_definition',
  'template_declaration',
  'ambient_declaration',
  'expression_statement',
]);

/** The declaration inside `export`, decorators and templates. */
export function unwrap(node: Node): Node {
  if (!WRAPPERS.has(node.type)) return node;
  const inner = node.childForFieldName('declaration') ?? node.childForFieldName('definition') ?? lastNamed(node);
  return inner === null ? node : unwrap(inner);
}

function lastNamed(node: Node): Node | null {
  return node.namedChild(node.namedChildCount - 1);
}

/** A word for the kind of declaration, the same in every language where possible. */
export function kindOf(node: Node): string {
  const type = unwrap(node).type;
  for (const kind of [
    'function',
    'method',
    'class',
    'interface',
    'struct',
    'enum',
    'impl',
    'trait',
    'constructor',
    'namespace',
    'module',
    'type',
  ]) {
    if (type.startsWith(kind)) return kind;
  }
  if (/lexical|variable|const|static|field|property/.test(type)) return 'variable';
  if (/import|include|use_|using|package/.test(type)) return 'import';
  if (/rule_set|media|keyframes/.test(type)) return 'style';
  if (/element/.test(type)) return 'element';
  return 'code';
}

/** The declared name, or null where the node declares nothing. */
export function nameOf(wrapped: Node): string | null {
  const node = unwrap(wrapped);
  if (node.type === 'rule_set') return firstLine(node.namedChild(0)?.text ?? '');
  if (node.type === 'impl_item') return node.childForFieldName('type')?.text ?? null;
  if (!DECLARES.test(node.type) || NOT_DECLARATIONS.test(node.type)) return null;
  const direct = node.childForFieldName('name');
  if (direct !== null) return firstLine(direct.text);
  return declaratorName(node, 0);
}

/** `const a = ...`, `int main(void)`, `var x T`: the name hides in a declarator or spec. */
function declaratorName(node: Node, depth: number): string | null {
  if (depth > 4) return null;
  const declarator = node.childForFieldName('declarator');
  if (declarator !== null) {
    return declarator.childForFieldName('name')?.text ?? declaratorName(declarator, depth + 1) ?? plainName(declarator);
  }
  for (const child of node.namedChildren) {
    if (child === null || !/(declarator|spec)$/.test(child.type)) continue;
    const name = child.childForFieldName('name');
    return name === null ? declaratorName(child, depth + 1) : firstLine(name.text);
  }
  return null;
}

function plainName(node: Node): string | null {
  return /identifier/.test(node.type) ? node.text : null;
}

function firstLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.trim().slice(0, 80);
}
