import 'server-only';

/** A mistake at a line of a file whose path the caller knows. */
export interface LineProblem {
  /** 1-based. */
  line: number;
  message: string;
}

/** The line of an offset in a text. */
export function lineAt(text: string, { offset, message }: { offset: number; message: string }): LineProblem {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return { line, message };
}
