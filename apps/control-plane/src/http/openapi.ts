import { problemView } from '@sluice/api-client';
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
      headers: { ETag: { description: 'changes when the answer does', schema: { type: 'string' } } },
      schemas: schemas.components,
    },
  };
}

function describeRoute(
  { method, schema: { summary, params, querystring, body, response, produces } }: DocumentedRoute,
  schemas: SharedSchemas,
): unknown {
  return {
    summary,
    parameters: [
      ...listParameters(params, 'path', schemas),
      ...listParameters(querystring, 'query', schemas),
      ...(method === 'POST' ? [idempotencyParameter] : []),
      ...(method === 'GET' && produces === undefined ? [ifNoneMatchParameter] : []),
    ],
    ...(body instanceof z.ZodType && {
      requestBody: { required: true, content: { [json]: { schema: schemas.toJsonSchema(body) } } },
    }),
    responses: {
      ...describeAnswers(response, { method, mediaType: String(produces ?? json) }, schemas),
      ...(method === 'GET' &&
        produces === undefined && { 304: { description: 'the same as the ETag that was sent stands for' } }),
      default: {
        description: 'what is wrong',
        content: { 'application/problem+json': { schema: schemas.toJsonSchema(problemView) } },
      },
    },
  };
}

const json = 'application/json';

/** Of each status that says that it went well: the schema of the body, undefined where there is none. */
function describeAnswers(
  response: unknown,
  { method, mediaType }: { readonly method: string; readonly mediaType: string },
  schemas: SharedSchemas,
): Record<string, unknown> {
  const answers = Object.entries(response ?? {}).map(([status, schema]) => [
    status,
    {
      description: 'done',
      ...(method === 'GET' && mediaType === json && { headers: { ETag: { $ref: '#/components/headers/ETag' } } }),
      ...(schema instanceof z.ZodType &&
        !(schema instanceof z.ZodUndefined) && {
          content: { [mediaType]: { schema: schemas.toJsonSchema(schema) } },
        }),
    },
  ]);
  return Object.fromEntries(answers);
}

const idempotencyParameter = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'a repetition with the same key gets the first answer and does nothing',
  schema: { type: 'string', maxLength: 255 },
};

const ifNoneMatchParameter = {
  name: 'If-None-Match',
  in: 'header',
  description: 'the ETag of an earlier answer: if nothing is different now, the answer is 304 and has no body',
  schema: { type: 'string' },
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
 * Makes JSON schemas of Zod's. Those that have a name, and those that refer to themselves (any JSON), become components
 * of the document, once.
 */
class SharedSchemas {
  readonly components: Record<string, unknown> = {};
  readonly #names = new Map<string, string>();

  toJsonSchema(schema: z.ZodType): unknown {
    const { $schema: _, $defs = {}, ...json } = z.toJSONSchema(schema, jsonSchemaOptions);
    const names = Object.entries($defs).map(([local, definition]) => {
      const text = JSON.stringify(definition);
      const name = local.startsWith('__') ? this.#nameOf(text) : local;
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

  /** The same for the same schema. */
  #nameOf(text: string): string {
    const name = this.#names.get(text) ?? `Shared${this.#names.size + 1}`;
    this.#names.set(text, name);
    return name;
  }
}

/** As clients see it: what may be left out is not required, and what the server does not know is not forbidden. */
const jsonSchemaOptions = {
  io: 'input',
  unrepresentable: 'any',
  target: 'draft-2020-12',
  // That our types are readonly is nothing to clients.
  override: ({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }) => {
    delete jsonSchema.readOnly;
  },
} as const;
