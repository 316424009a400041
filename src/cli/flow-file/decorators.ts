import type { Plugin } from 'rolldown';
import { type DecoratorUse, decoratorUseOf, MAY_HAVE_DECORATORS } from './decorator-use.js';
import { type DecoratedModule, findEsbuild, lowerWithEsbuild } from './esbuild.js';
import { FlowFileError } from './flow-file-error.js';
import { positionAt } from './source-frame.js';
import { parsed, SOURCE_LANGUAGES, type SourceLanguage, withoutTypes } from './source-language.js';
import { createTsconfigFinder, type FoundTsconfig, type TsconfigFinder } from './tsconfig-of.js';

export interface DecoratorsPlugin {
  readonly plugin: Plugin;
  /** Why a module's decorators could not be lowered: the bundler makes errors its own, and gives them codes of its own. */
  readonly failure: FlowFileError | undefined;
}

type Tools = typeof import('rolldown/experimental');

/** A module as the next one in line gets it. */
interface Lowered {
  readonly code: string;
  readonly map: string;
  readonly moduleType: 'js' | 'jsx';
}

/**
 * Lowers decorators, which no Node runs, the way the module's author meant them: the older kind where its tsconfig.json says
 * `experimentalDecorators`, that of the language elsewhere. The bundler lowers the older kind only, by itself where it goes by that
 * tsconfig.json. Our own decorators take either, so that a module with no others needs nothing more; the rest is for esbuild.
 * @param lookFrom files from where esbuild is looked for beside the module itself
 */
export function decoratorsPlugin(lookFrom: readonly string[]): DecoratorsPlugin {
  let failure: FlowFileError | undefined;
  let loading: Promise<Tools & { readonly tsconfigs: TsconfigFinder }> | undefined;
  const load = async (): Promise<Tools & { readonly tsconfigs: TsconfigFinder }> => {
    const tools = await import('rolldown/experimental');
    return { ...tools, tsconfigs: createTsconfigFinder(tools) };
  };
  const lower = async (module: ModuleText, parse: () => object): Promise<Lowered | null> => {
    loading ??= load();
    const { tsconfigs, transformSync } = await loading;
    const tsconfig = tsconfigs.of(module.path);
    const isLegacy = tsconfig.options.experimentalDecorators === true;
    if (isLegacy && tsconfig.isBundlers) return null;
    const program = parsed(parse);
    const use = program && decoratorUseOf(program);
    if (!use) return null;
    if (isLegacy || use.foreign.length === 0) return lowerAsLegacy(transformSync, module, tsconfig);
    return await lowerAsStandard({ ...module, options: tsconfig.options }, use, lookFrom);
  };
  const plugin: Plugin = {
    name: 'millrace:decorators',
    transform: {
      filter: { id: { exclude: '\0' }, moduleType: [...SOURCE_LANGUAGES], code: MAY_HAVE_DECORATORS },
      async handler(text, id, { moduleType }) {
        const language = moduleType as SourceLanguage;
        try {
          return await lower({ path: id.replace(/[?#].*$/, ''), text, language }, () => this.parse(text, { lang: language }));
        } catch (error) {
          if (!(error instanceof FlowFileError)) throw error;
          failure ??= error;
          throw new Error(error.message);
        }
      },
    },
  };
  return {
    plugin,
    get failure() {
      return failure;
    },
  };
}

type ModuleText = Omit<DecoratedModule, 'options'>;

function lowerAsLegacy(transformSync: Tools['transformSync'], { path, text, language }: ModuleText, tsconfig: FoundTsconfig): Lowered {
  const { experimentalDecorators, emitDecoratorMetadata } = tsconfig.options;
  const made = transformSync(path, text, {
    lang: language,
    sourcemap: true,
    jsx: 'preserve',
    tsconfig: tsconfig.path ?? false,
    decorator: { legacy: true, emitDecoratorMetadata: experimentalDecorators === true && emitDecoratorMetadata === true },
  });
  const [error] = made.errors;
  if (error) throw error;
  return { code: made.code, map: JSON.stringify(made.map), moduleType: withoutTypes(language) };
}

async function lowerAsStandard(module: DecoratedModule, { foreign }: DecoratorUse, lookFrom: readonly string[]): Promise<Lowered> {
  const esbuild = await findEsbuild([module.path, ...lookFrom]);
  if (esbuild) return { ...lowerWithEsbuild(esbuild, module), moduleType: withoutTypes(module.language) };
  const place = foreign[0] as number;
  const written = /^@[^\s({]*/.exec(module.text.slice(place))?.[0];
  throw new FlowFileError(
    'DECORATORS_NOT_LOWERED',
    `expected esbuild 0.21 or newer to be installed, which lowers decorators like ${written}; got none`,
    {
      at: positionAt(module.path, module.text, place),
      hint: 'npm install --save-dev esbuild, or set "experimentalDecorators": true in tsconfig.json if the decorator is written for that',
    },
  );
}
