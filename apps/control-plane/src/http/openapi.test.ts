import { startTestServer, type TestServer } from '@sluice/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

let server: TestServer;
// biome-ignore lint/suspicious/noExplicitAny: the test looks into a document of any shape.
let document: any;

beforeAll(async () => {
  server = await startTestServer();
  document = await (await fetch(`${server.url}/api/v1/openapi.json`)).json();
});

afterAll(() => server.close());

function listReferences(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) => (name === '$ref' ? [String(part)] : listReferences(part)));
}

function resolve(reference: string): unknown {
  const path = reference.replace(/^#\//, '').split('/');
  return path.reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], document);
}

describe('the OpenAPI document', () => {
  test('needs no token', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Sluice management API' } });
  });

  test('has every route of the API, and none beside', () => {
    const routes = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('/api/v1', '')}`),
    );
    const environment = '/projects/{project}/environments/{environment}';
    expect(routes.sort()).toEqual(
      [
        'GET /projects',
        'POST /projects',
        'GET /projects/{project}/environments',
        'POST /projects/{project}/environments',
        'GET /projects/{project}/flags',
        'POST /projects/{project}/flags',
        'GET /projects/{project}/flags/{flag}',
        'PATCH /projects/{project}/flags/{flag}',
        'DELETE /projects/{project}/flags/{flag}',
        `GET ${environment}/flags`,
        `GET ${environment}/flags/{flag}`,
        `GET ${environment}/flags/{flag}/evaluations`,
        `GET ${environment}/segments`,
        `GET ${environment}/segments/{segment}`,
        `GET ${environment}/changes`,
        `POST ${environment}/changes`,
        `GET ${environment}/changes/chain`,
        `GET ${environment}/changes/{change}`,
        `POST ${environment}/changes/{change}/revert`,
        `GET ${environment}/changes/{change}/convergence`,
        `GET ${environment}/fleet`,
        `GET ${environment}/credentials`,
        `POST ${environment}/credentials`,
        `DELETE ${environment}/credentials/{credential}`,
        `POST ${environment}/evaluate`,
        'GET /edges',
        'POST /edges',
        'DELETE /edges/{edge}',
        'GET /tokens',
        'POST /tokens',
        'DELETE /tokens/{token}',
      ].sort(),
    );
  });

  test('refers only to what is in it', () => {
    const references = listReferences(document);
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  test('says what a change may consist of', () => {
    const { schema } =
      document.paths['/api/v1/projects/{project}/environments/{environment}/changes'].post.requestBody.content[
        'application/json'
      ];
    expect(schema.required).toEqual(['instructions']);
    const kinds = schema.properties.instructions.items.oneOf.map(
      ({ properties }: { properties: { kind: { const: string } } }) => properties.kind.const,
    );
    expect(kinds).toEqual(
      expect.arrayContaining(['turn-on', 'set-fallthrough', 'add-rule', 'create-segment', 'archive']),
    );
  });

  test('names the parameters of every route', () => {
    for (const [path, methods] of Object.entries<
      Record<string, { parameters: { name: string; in: string; required: boolean }[] }>
    >(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods)) {
        const declared = parameters.filter((parameter) => parameter.in === 'path' && parameter.required);
        expect(declared.map(({ name }) => name)).toEqual(inPath);
      }
    }
  });
});
