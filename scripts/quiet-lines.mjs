// Keeps Node from printing a line of our own minified text, thousands of characters long, above an error that nobody caught: Node leaves out a
// source line that has this mark in it, and the message and the stack with the user's own line are read at once.
import { nodesOf } from './syntax-tree.mjs';

const MARK = '/*node-do-not-add-exception-line*/';
/** Shorter lines hide nothing. */
const LONG = 200;

/** Puts the mark into each long line: at its end, or where that lies inside a template, before the template. No line moves, so source maps hold. */
export function withQuietLines(code) {
  const templates = templatesIn(code);
  const marks = [];
  let from = 0;
  for (const line of code.split('\n')) {
    const end = from + line.length;
    if (line.length > LONG && !line.startsWith('//#')) {
      // The outermost one around the line's end; one that began further up leaves no place in this line.
      const around = templates.find(({ start, end: last }) => start < end && end < last);
      const at = around === undefined ? end : around.start;
      if (at >= from) marks.push(at);
    }
    from = end + 1;
  }
  let [marked, done] = ['', 0];
  for (const at of marks) {
    marked += code.slice(done, at) + MARK;
    done = at;
  }
  return marked + code.slice(done);
}

/** In order of their beginnings, so that outer ones come first. A tag belongs to its template: nothing may come between that would end the line. */
function templatesIn(code) {
  return [...nodesOf('file.js', code)].filter(({ type }) => type === 'TemplateLiteral').sort((a, b) => a.start - b.start);
}
