import { describe, expect, it } from 'vitest';
import { Flow, Parameter, Task } from '../../../src/decorators/index.js';

type Loose = (...args: readonly unknown[]) => unknown;

function refusal(act: () => unknown): { readonly code?: string; readonly message?: string } {
  try {
    act();
  } catch (error) {
    return error as { code?: string; message?: string };
  }
  return {};
}

const method = (): void => {};
const context = (kind: string, more: object = {}): object => ({ kind, name: 'it', static: false, private: false, ...more });
class Target {
  run(): void {}
}
const { prototype } = Target;
const described = (descriptor: PropertyDescriptor): readonly unknown[] => [prototype, 'it', descriptor];

/** What compilers hand to decorators, by what these stand above. */
const PLACES: Readonly<Record<string, readonly unknown[]>> = {
  'a method (TC39)': [method, context('method')],
  'a method (legacy)': described({ value: method }),
  'a field (TC39)': [undefined, context('field')],
  'a field (legacy)': [prototype, 'it', undefined],
  'a class (TC39)': [Target, context('class')],
  'a class (legacy)': [Target],
  'a getter (TC39)': [method, context('getter')],
  'a getter (legacy)': described({ get: () => 1 }),
  'a setter (TC39)': [method, context('setter')],
  'a setter (legacy)': described({ set: () => {} }),
  'an accessor (TC39)': [{}, context('accessor')],
  'a static method (TC39)': [method, context('method', { static: true })],
  'a static method (legacy)': [Target, 'it', { value: method }],
  'a static field (TC39)': [undefined, context('field', { static: true })],
  'a static field (legacy)': [Target, 'it', undefined],
  'a private method (TC39)': [method, context('method', { name: '#it', private: true })],
  'a private field (TC39)': [undefined, context('field', { name: '#it', private: true })],
  'a field named by a symbol (legacy)': [prototype, Symbol('it'), undefined],
};

const FITS: Readonly<Record<string, RegExp>> = { Task: /^a method/, Parameter: /^a field \(/, Flow: /^a class/ };

describe.each(Object.entries({ Task, Parameter, Flow }))('@%s', (name, decorator) => {
  it.each(Object.entries(PLACES))('above %s', (place, received) => {
    const refused = refusal(() => (decorator() as unknown as Loose)(...received));
    if (FITS[name]?.test(place)) return expect(refused).toEqual({});
    expect(refused).toMatchObject({ code: 'DECORATOR_MISPLACED', message: expect.stringContaining(`@${name}()`) });
  });

  it('without parentheses', () => {
    const bare = decorator as unknown as Loose;
    for (const received of [
      [method, context('method')],
      described({ value: method }),
      [Target, context('class')],
      [Target],
      [undefined, context('field')],
    ]) {
      expect(refusal(() => bare(...received))).toMatchObject({ code: 'DECORATOR_NOT_CALLED' });
    }
  });
});

it('the message says what was expected and what came', () => {
  const { message } = refusal(() => (Task() as unknown as Loose)(...(PLACES['a private method (TC39)'] ?? [])));
  expect(message).toBe("expected @Task() above a public method of instances; got it above private method '#it'");
});
