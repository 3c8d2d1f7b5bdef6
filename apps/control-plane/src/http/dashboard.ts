import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Platform } from '../platform.ts';
import type { App } from './zod-routes.ts';

/** Stands in the built page where each answer has a nonce of its own. */
const noncePlace = /%NONCE%/g;

/**
 * Serves the dashboard that was built into `folder`: its assets, whose names change with their content, and its one page
 * at every address that is not somebody else's. The page finds out by itself what is to be shown there.
 */
export function addDashboard(app: App, folder: string, platform: Platform): void {
  const page = readFileSync(join(folder, 'index.html'), 'utf8');
  app.register(fastifyStatic, {
    root: join(folder, 'assets'),
    prefix: '/assets/',
    preCompressed: true,
    index: false,
    immutable: true,
    maxAge: '365d',
    decorateReply: false,
  });
  const icon = readFileSync(join(folder, 'icon.svg'));
  app.get('/icon.svg', (_request, reply) =>
    reply.type('image/svg+xml').header('cache-control', 'max-age=86400').serializer(same).send(icon),
  );
  const send = (request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined => {
    const [, first = ''] = request.url.split(/[/?]/);
    if (isOthers(first) || !(request.headers.accept ?? '').includes('text/html')) {
      reply.callNotFound();
      return undefined;
    }
    const nonce = Buffer.from(platform.randomBytes(16)).toString('base64');
    return reply
      .type('text/html; charset=utf-8')
      .headers(pageHeaders(nonce))
      .serializer(same)
      .send(page.replaceAll(noncePlace, nonce));
  };
  for (const path of ['/', '/:project', '/:project/:environment', '/:project/:environment/*']) app.get(path, send);
}

function same(body: unknown): string {
  // What is sent is a text or bytes; Fastify passes both on.
  return body as string;
}

function isOthers(first: string): boolean {
  return ['api', 'sdk', 'metrics', 'assets'].includes(first);
}

/** Nothing from elsewhere, nothing in a frame, and only those scripts and styles that this answer names. */
function pageHeaders(nonce: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "font-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'same-origin',
    // The next release has other assets.
    'cache-control': 'no-store',
  };
}
