import * as z from 'zod';
import type { App } from './zod-routes.ts';

interface DocumentedRoute {
  readonly method: string;
  readonly url: string;
  readonly schema: { readonly [part: string]: unknown };
}

/** Collects the app's routes as they are added, and serves the OpenAPI 3.1 document made from their schemas. */
export function serveOpenapi(app: App): void {
  const routes: DocumentedRoute[] = [];
  let document: unknown;
  app.addHook('onRoute', ({ method, url, schema }) => {
    if (schema?.summary === undefined) return;
    for (const name of [method].flat()) if (name !== 'HEAD') routes.push({ method: name, url, schema: { ...schema } });
  });
  app.get('/api/v1/openapi.json', async () => {
    document ??= createDocument(routes);
    return document;
  });
}

function createDocument(routes: readonly DocumentedRoute[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  const schemas = new SharedSchemas();
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Sluice management API', version: '1', license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'an API token' } },
      schemas: { Problem: problemSchema, ...schemas.components },
    },
  };
}

function describeRoute(
  { method, schema: { summary, params, querystring, body } }: DocumentedRoute,
  schemas: SharedSchemas,
): unknown {
  return {
    summary,
    parameters: [
      ...listParameters(params, 'path', schemas),
      ...listParameters(querystring, 'query', schemas),
      ...(method === 'POST' ? [idempotencyParameter] : []),
    ],
    ...(body instanceof z.ZodType && {
      requestBody: { required: true, content: { 'application/json': { schema: schemas.toJsonSchema(body) } } },
    }),
    responses: {
      '2XX': { description: 'done' },
      default: {
        description: 'what is wrong',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

const idempotencyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'a repetition with the same key gets the first answer and does nothing',
  schema: { type: 'string', maxLength: 255 },
};

const problemSchema = {
  type: 'object',
  required: ['status', 'code', 'title'],
  properties: {
    type: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'stable; switch on this' },
    title: { type: 'string', description: 'a sentence for people' },
    requestId: { type: 'string', description: 'names the request in the log' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
};

function listParameters(schema: unknown, place: 'path' | 'query', schemas: SharedSchemas): readonly unknown[] {
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape as Record<string, z.ZodType>).map(([name, part]) => ({
    name,
    in: place,
    required: place === 'path' || !part.safeParse(undefined).success,
    schema: schemas.toJsonSchema(part),
  }));
}

/**
 * Makes JSON schemas of Zod's. What refers to itself (any JSON) becomes a component of the document, once, because
 * `$defs` of its own would not be found from where it stands.
 */
class SharedSchemas {
  readonly components: Record<string, unknown> = {};
  readonly #names = new Map<string, string>();

  toJsonSchema(schema: z.ZodType): unknown {
    const options = { io: 'input', unrepresentable: 'any', target: 'draft-2020-12' } as const;
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, options);
    const names = Object.entries($defs).map(([local, definition]) => {
      const text = JSON.stringify(definition);
      const name = this.#names.get(text) ?? `Shared${this.#names.size + 1}`;
      this.#names.set(text, name);
      return { local, name, text };
    });
    const rename = (text: string): unknown =>
      JSON.parse(
        names.reduce(
          (renamed, { local, name }) =>
            renamed.replaceAll(`"#/$defs/${local}"`, () => `"#/components/schemas/${name}"`),
          text,
        ),
      );
    for (const { name, text } of names) this.components[name] ??= rename(text);
    return rename(JSON.stringify(json));
  }
}
