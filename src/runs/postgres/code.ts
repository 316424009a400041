import type { CodeRow } from '../../model/records.js';
import { digestBytes } from '../digests.js';
import { CODE_COLUMNS, IS_KNOWN, POINT } from '../sqlite/code.js';
import * as rows from '../sqlite/rows.js';
import type { SqlRow } from '../sqlite/statement.js';
import { inserted, insertInto } from './insert.js';
import type { Sql } from './session.js';

const PARTS = insertInto('code_part', CODE_COLUMNS, 'DO NOTHING', 'package, content_digest');
const CONTENTS = insertInto('content', rows.CONTENT_COLUMNS, 'DO NOTHING', 'digest');

/** What code a run had. A package that is there already does not travel again. */
export class CodeWriting {
  readonly #code: CodeRow | undefined;
  readonly #package: Uint8Array | undefined;

  /** @throws MillraceError `DIGEST_INVALID` */
  constructor(code: CodeRow | undefined) {
    this.#code = code;
    this.#package = code && digestBytes('contentDigest', code.digest);
  }

  get questions(): readonly Sql[] {
    return this.#package === undefined ? [] : [[IS_KNOWN, this.#package]];
  }

  decide(run: number, [known = []]: readonly (readonly SqlRow[])[]): readonly Sql[] {
    const [code, all] = [this.#code, this.#package];
    if (code === undefined || all === undefined) return [];
    const contents = known.length > 0 ? [] : (code.contents ?? []);
    return [
      ...inserted(CONTENTS, contents, (into, one) => into.push(digestBytes('contentDigest', one.digest), one.bytes)),
      ...inserted(PARTS, contents, (into, one) => into.push(all, digestBytes('contentDigest', one.digest))),
      [POINT, all, run, all],
    ];
  }
}
