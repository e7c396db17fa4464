import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { clientsJsonSchema, clientsJsonSchemaText } from '../../../config/clients/json-schema.ts';

const read = (name: string) => readFileSync(new URL(`../../../config/${name}`, import.meta.url), 'utf8');

describe('the JSON Schema of the clients file', () => {
  it("is committed as it follows from the server's own schema (npm run schema)", () => {
    expect(read('clients.schema.json')).to.equal(clientsJsonSchemaText());
  });

  it('explains every field and list entry', () => {
    const silent: string[] = [];
    const visit = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return;
      const { properties, items, description } = node as Record<string, unknown>;
      if (description === undefined) silent.push(path);
      for (const [name, inner] of Object.entries(properties ?? {})) visit(inner, `${path}.${name}`);
      if (items !== undefined) visit(items, `${path}[]`);
    };
    visit(clientsJsonSchema(), '');
    expect(silent).to.deep.equal([]);
  });

  it('is named on the first line of the file that is shipped', () => {
    expect(read('clients.yaml').split('\n')[0]).to.equal(
      '# yaml-language-server: $schema=./clients.schema.json',
    );
  });
});
