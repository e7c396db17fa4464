/** What every page is made with: the assets it loads, its language, and whose looks it has. */
import { readFileSync } from 'node:fs';
import type { Context } from 'koa';
import type { Config } from '../../config/types.ts';
import { chooseLanguage, directionOf, textsOf } from '../../interactions/texts/languages.ts';
import type { PageEnv } from '../../interactions/views/models.ts';
import { wishedLanguage } from '../../interactions/wished-language.ts';
import { referenceOf } from '../http/request.ts';
import type { ClientRegistry } from '../provider/clients.ts';
import { type Asset, type Brands, createAsset, createBrands } from './brands.ts';

const ASSET_TYPES = {
  'style.css': 'text/css; charset=utf-8',
  'details.css': 'text/css; charset=utf-8',
  'sign-in.js': 'text/javascript; charset=utf-8',
  'go-on.js': 'text/javascript; charset=utf-8',
} as const;
type AssetName = keyof typeof ASSET_TYPES;

function loadAsset(name: AssetName): Asset {
  const body = readFileSync(new URL(`../../interactions/assets/${name}`, import.meta.url));
  return createAsset(name, ASSET_TYPES[name], body);
}

interface PageEnvDeps {
  readonly branding: Config['branding'];
  readonly registry: Pick<ClientRegistry, 'settings' | 'ids'>;
}

/** What a page is made with; pages about an app have the app's looks. */
export type EnvOf = (ctx: Context, uiLocales?: unknown, clientId?: string) => PageEnv;

export interface PageEnvs {
  readonly assets: readonly Asset[];
  readonly brands: Brands;
  readonly envOf: EnvOf;
}

/** Reads the assets, once; an app's own when its first page is shown. */
export function createPageEnv({ branding, registry }: PageEnvDeps): PageEnvs {
  const brandOf = (clientId: string) => registry.settings(clientId).brand;
  const brands = createBrands(() => [branding, ...registry.ids().flatMap((id) => brandOf(id) ?? [])]);
  const { logoFile: _file, color: _color, ...shown } = branding;
  const assets = {
    'style.css': loadAsset('style.css'),
    'details.css': loadAsset('details.css'),
    'sign-in.js': loadAsset('sign-in.js'),
    'go-on.js': loadAsset('go-on.js'),
  };
  return {
    assets: Object.values(assets),
    brands,
    envOf(ctx, uiLocales, clientId) {
      const wished = typeof uiLocales === 'string' ? uiLocales : wishedLanguage(ctx);
      const lang = chooseLanguage({
        ...(wished === undefined ? {} : { uiLocales: wished }),
        acceptLanguage: ctx.get('Accept-Language'),
      });
      const own = brands.paths(clientId === undefined ? undefined : brandOf(clientId));
      return {
        texts: textsOf(lang),
        lang,
        dir: directionOf(lang),
        branding: { ...shown, ...brands.paths(branding), ...own },
        assetPath: (name) => assets[name].path,
        reference: referenceOf(ctx),
      };
    },
  };
}
