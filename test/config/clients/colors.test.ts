import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { brandColors, CARD, colorFault, contrast, READABLE } from '../../../config/clients/colors.ts';

const color = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`);

describe('colours of brands', () => {
  it('have the contrast that WCAG says', () => {
    expect(contrast('#000000', '#ffffff')).to.be.closeTo(21, 0.001);
    expect(contrast('#777777', '#ffffff')).to.be.closeTo(4.48, 0.01);
    expect(contrast('#ffffff', '#ffffff')).to.equal(1);
  });

  it('are refused where they cannot be read on white, with the number', () => {
    expect(colorFault('#1f5fd6')).to.equal(undefined);
    expect(colorFault('#777777')).to.contain('contrast 4.5');
    expect(colorFault('#ffff00')).to.contain('contrast 1.1');
    for (const bad of ['red', '#fff', '#12345g', 'url(x)', '#1f5fd6;}', '']) {
      expect(colorFault(bad), bad).to.contain('#rrggbb');
    }
  });

  it('are readable on light and dark pages, and what stands on them is readable too', () => {
    fc.assert(
      fc.property(color, (hex) => {
        fc.pre(colorFault(hex) === undefined);
        const { light, onLight, dark, onDark } = brandColors(hex);
        return (
          contrast(light, CARD.light) >= READABLE &&
          contrast(dark, CARD.dark) >= READABLE &&
          contrast(light, onLight) >= READABLE &&
          contrast(dark, onDark) >= READABLE
        );
      }),
    );
  });

  it('are measured against what the pages are', () => {
    const css = readFileSync(join(import.meta.dirname, '../../../interactions/assets/style.css'), 'utf8');
    const [light, dark] = [...css.matchAll(/--card: (#[0-9a-f]+);/g)].map(([, value = '']) =>
      value.length === 4 ? value.replace(/[0-9a-f]/g, '$&$&') : value,
    );
    expect({ light, dark }).to.deep.equal(CARD);
  });
});
