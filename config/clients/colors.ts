/** Contrast of colours, by WCAG 2.2: what a brand may be painted in without becoming unreadable. */

/** The pages' own backgrounds, as `interactions/assets/style.css` has them. */
export const CARD = { light: '#ffffff', dark: '#1a1d23' } as const;

/** Text needs so much (WCAG 2.2, 1.4.3). */
export const READABLE = 4.5;

const DARK_TEXT = '#0b1a33';
const LIGHT_TEXT = '#ffffff';

/** A brand's colour for links and buttons, and the text on it, on light and on dark pages. */
export interface BrandColors {
  readonly light: string;
  readonly onLight: string;
  readonly dark: string;
  readonly onDark: string;
}

type Rgb = readonly [number, number, number];

function parse(hex: string): Rgb {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
  return [red, green, blue];
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = parse(hex).map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The contrast of two colours (`#rrggbb`), from 1 to 21 (WCAG 2.2, "contrast ratio"). */
export function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function towardsWhite(hex: string, share: number): string {
  const mixed = parse(hex).map((channel) => Math.round(channel + (255 - channel) * share));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

const textOn = (hex: string): string =>
  contrast(hex, LIGHT_TEXT) >= contrast(hex, DARK_TEXT) ? LIGHT_TEXT : DARK_TEXT;

/** What a colour (`#rrggbb`) is on light and dark pages: lighter on dark ones, as far as it must be. */
export function brandColors(hex: string): BrandColors {
  const light = hex.toLowerCase();
  let dark = light;
  for (let share = 0.05; contrast(dark, CARD.dark) < READABLE; share += 0.05)
    dark = towardsWhite(light, share);
  return { light, onLight: textOn(light), dark, onDark: textOn(dark) };
}

/** Why a colour cannot be used, or undefined: links in it must be readable on the white card. */
export function colorFault(text: string): string | undefined {
  if (!/^#[0-9a-f]{6}$/i.test(text)) return 'must be a colour as #rrggbb';
  const ratio = contrast(text.toLowerCase(), CARD.light);
  return ratio >= READABLE
    ? undefined
    : `is too light to be read on white: contrast ${ratio.toFixed(1)}, needs ${READABLE}`;
}
