import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prototypesOf } from '../../../src/decorators/class-chain.js';
import { methodCode } from '../../../src/decorators/method-code.js';

/** The code that the method `fit` of a class reaches; the class is written as text, so that a test can change a character. */
function codeOf(classes: string) {
  const instance = new Function(`${classes}; return new Model();`)() as Record<string, () => unknown>;
  const { members, ...rest } = methodCode(instance.fit as () => unknown, prototypesOf(instance));
  return {
    ...rest,
    members,
    texts: members
      .map(({ className, name, code }) => `${className}.${name ?? ''}: ${code.toString()}`)
      .sort()
      .join('\n'),
  };
}

/** The code inside a template literal, as the text of a class has it. */
const inTemplate = (code: string): string => ['`$', '{', code, '}`'].join('');

const BASE = `class Model {
  fit() { return this.helper() + 1; }
  helper() { return 1; }
  other() { return 2; }
}`;

describe('S22: what of its class a method depends on', () => {
  it('its own text and the members it mentions count; others do not', () => {
    const { texts, members } = codeOf(BASE);
    expect(members.map(({ className, name }) => [className, name])).toEqual([
      ['Model', 'fit'],
      ['Model', 'helper'],
    ]);
    expect(codeOf(BASE).texts).toBe(texts);
    expect(codeOf(BASE.replace('+ 1', '+ 2')).texts).not.toBe(texts);
    expect(codeOf(BASE.replace('return 1', 'return 9')).texts).not.toBe(texts);
    expect(codeOf(BASE.replace('return 2', 'return 9')).texts).toBe(texts);
  });

  it('what a member mentions is reached too, accessors included', () => {
    const chain = 'class Model { fit() { return this.a; } get a() { return this.b(); } b() { return 1; } }';
    expect(codeOf(chain.replace('return 1', 'return 2')).texts).not.toBe(codeOf(chain).texts);
  });

  it('members of base classes count, those that are overridden too, because of super', () => {
    const base = 'class Base { fit() { return this.part(); } part() { return 1; } } class Model extends Base { part() { return super.part() + 1; } }';
    expect(codeOf(base.replace('return 1', 'return 5')).texts).not.toBe(codeOf(base).texts);
    expect(codeOf(base.replace('+ 1', '+ 5')).texts).not.toBe(codeOf(base).texts);
  });

  it('who mentions the class, or hands `this` on, reaches all of it', () => {
    for (const body of ['Model.size', 'this.constructor.size', 'helper(this)', 'this[name]', '{ ...this }', inTemplate('this[name]')]) {
      const text = `const helper = () => 1, name = 'other'; class Model { static size = 1; fit() { return ${body}; } other() { return 2; } }`;
      const changed = body.includes('size') ? text.replace('size = 1', 'size = 3') : text.replace('return 2', 'return 3');
      expect(codeOf(changed).texts, body).not.toBe(codeOf(text).texts);
    }
  });

  it('fields are told by name, also where they are destructured; any may be read where `this` is handed on', () => {
    expect(codeOf('class Model { fit() { return this.rate; } }').fields).toContain('rate');
    expect(codeOf('class Model { fit() { const { rate, depth: d } = this; return rate * d; } }').fields).toContain('depth');
    expect(codeOf('class Model { fit() { const { rate, ...rest } = this; return rest; } }').fields).toBeUndefined();
    expect(codeOf(`class Model { fit() { return ${inTemplate('this.rate')}; } }`).fields).toContain('rate');
    expect(codeOf('class Model { fit() { /* this is a remark */ return this.rate; } }').fields).toBeDefined();
  });

  it('what cannot be looked into is known as such', () => {
    expect(codeOf('class Model { #rate = 1; fit() { return this.#rate; } }').isOpaque).toBe(true);
    expect(codeOf(`class Model { #rate = 1; fit() { return ${inTemplate('this.#rate')}; } }`).isOpaque).toBe(true);
    expect(codeOf('const __privateGet = () => 1; class Model { fit() { return __privateGet(this); } }').isOpaque).toBe(true);
    expect(codeOf('class Model {} Model.prototype.fit = (() => 1).bind(null)').isOpaque).toBe(true);
    expect(codeOf('class Model { #rate = 1; fit() { return 1; } }').isOpaque).toBe(false);
    expect(codeOf(BASE).isOpaque).toBe(false);
  });

  it('law: along any chain of calls, a change at its end changes what is reached', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.boolean(), (length, isUsed) => {
        const links = Array.from({ length }, (_, link) => `m${link}() { return this.m${link + 1}(); }`);
        const text = (last: number): string =>
          `class Model { fit() { return ${isUsed ? 'this.m0()' : '0'}; } ${links.join(' ')} m${length}() { return ${last}; } }`;
        expect(codeOf(text(1)).texts === codeOf(text(2)).texts).toBe(!isUsed);
      }),
      { numRuns: 40 },
    );
  });
});
