import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Client } from '@sluice/sdk-node';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';

export const frameworkNames = ['express', 'fastify', 'hono', 'http'] as const;

export type FrameworkName = (typeof frameworkNames)[number];

/** A server that answers `GET /items/:id`, and does nothing else but what the adapter of a client does if it has one. */
export type OpenServer = (sluice: Client | undefined) => Promise<Server>;

export const frameworks: Readonly<Record<FrameworkName, OpenServer>> = {
  express: async (sluice) => {
    const app = express();
    if (sluice !== undefined) app.use(sluice.express());
    app.get('/items/:id', (request, response) => void response.json({ id: request.params.id }));
    return createServer(app);
  },
  fastify: async (sluice) => {
    const app = fastify();
    if (sluice !== undefined) await app.register(sluice.fastify());
    app.get<{ Params: { id: string } }>('/items/:id', async (request) => ({ id: request.params.id }));
    await app.ready();
    return app.server;
  },
  hono: async (sluice) => {
    const app = new Hono();
    if (sluice !== undefined) app.use(sluice.hono());
    app.get('/items/:id', (context) => context.json({ id: context.req.param('id') }));
    return createServer(getRequestListener(app.fetch));
  },
  http: async (sluice) => {
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: request.url?.slice('/items/'.length) }));
    };
    return createServer(sluice === undefined ? handler : sluice.http(handler));
  },
};
