/** How pages look for an operator and for an app: a picture and two colours, as assets named by their content. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { brandColors } from '../../config/clients/colors.ts';
import { LOGO_TYPES } from '../../config/clients/logo.ts';
import type { Brand } from '../../config/types.ts';

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
}

/** Where a brand's picture and colours are, for a page. */
export interface BrandPaths {
  readonly logoPath?: string;
  readonly stylePath?: string;
}

/** An asset whose address changes with its content, so that browsers may keep it for good. */
export function createAsset(name: string, type: string, body: Buffer): Asset {
  const hash = createHash('sha256').update(body).digest('hex').slice(0, 16);
  return { path: `/assets/${hash}/${name}`, type, body };
}

function logoAsset(file: string): Asset {
  const extension = extname(file).toLowerCase();
  return createAsset(
    `logo${extension}`,
    LOGO_TYPES[extension] ?? 'application/octet-stream',
    readFileSync(file),
  );
}

function styleAsset(color: string): Asset {
  const { light, onLight, dark, onDark } = brandColors(color);
  const rule = (accent: string, on: string): string => `:root{--accent:${accent};--on-accent:${on}}`;
  const css = `${rule(light, onLight)}@media (prefers-color-scheme:dark){${rule(dark, onDark)}}`;
  return createAsset('brand.css', 'text/css; charset=utf-8', Buffer.from(css));
}

export interface Brands {
  /** Where a brand's assets are; they are read on first use. */
  paths(brand: Brand | undefined): BrandPaths;
  /** An asset by its address. Any process answers for any page, so all brands are looked at before it is unknown. */
  find(path: string): Asset | undefined;
}

/** The brands' assets; `all` lists the brands in force. */
export function createBrands(all: () => readonly Brand[]): Brands {
  const bySource = new Map<string, Asset>();
  const byPath = new Map<string, Asset>();
  const load = (source: string | undefined, make: (source: string) => Asset): string | undefined => {
    if (source === undefined) return undefined;
    const asset = bySource.get(source) ?? make(source);
    bySource.set(source, asset);
    byPath.set(asset.path, asset);
    return asset.path;
  };
  const paths: Brands['paths'] = (brand) => {
    const logoPath = load(brand?.logoFile, logoAsset);
    const stylePath = load(brand?.color, styleAsset);
    return {
      ...(logoPath === undefined ? {} : { logoPath }),
      ...(stylePath === undefined ? {} : { stylePath }),
    };
  };
  return {
    paths,
    find(path) {
      if (!byPath.has(path)) for (const brand of all()) paths(brand);
      return byPath.get(path);
    },
  };
}
