// Node 20 is slow at `#private` members of cold code: each instance is branded, each access looks the name up and checks it. In dist/ those of the
// folders below are plain properties: `#name` becomes `$name`, as long as it was, so that no source map moves. Compiler and linter have seen to it
// that nobody reaches in; and what is given to users, who would see the names, keeps them private. (docs/decisions/0034)
import { nodesOf } from './syntax-tree.mjs';

const FOLDERS = /[\\/]src[\\/](base|cli|code|engine|graph|reads|runs)[\\/]/;
/** What users hold in their hands: `ctx()`, and what hangs on a handle of a run. */
const SHOWN = /[\\/](attempt|event-hub)\.ts$/;

/** A plugin for Rolldown. */
export function plainPrivates() {
  return {
    name: 'plain-privates',
    transform: {
      filter: { id: { include: FOLDERS, exclude: SHOWN } },
      handler: (code, id) => (code.includes('#') ? { code: withPlainPrivates(code, id), map: null } : null),
    },
  };
}

/** Names that have to stay private stay so in the whole file: a name means what its class, in the same file, says of it. */
function withPlainPrivates(code, id) {
  const names = [];
  const stay = new Set();
  for (const node of nodesOf(id, code)) {
    if (node.type === 'PrivateIdentifier') names.push(node);
    for (const name of mustStayPrivate(node)) stay.add(name);
  }
  const text = code.split('');
  for (const { name, start } of names) if (!stay.has(name)) text[start] = '$';
  return text.join('');
}

/** A subclass has its own `#name` beside one of its base, of `$name` there is one; and `#name in object` is no property. */
function mustStayPrivate({ type, superClass, body, left }) {
  if (type === 'BinaryExpression') return left.type === 'PrivateIdentifier' ? [left.name] : [];
  if (superClass === undefined || superClass === null) return [];
  return body.body.map(({ key }) => key).flatMap((key) => (key?.type === 'PrivateIdentifier' ? [key.name] : []));
}
