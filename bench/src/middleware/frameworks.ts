import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { createClient, TestData } from '@sluice/sdk-node';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';

export const frameworkNames = ['express', 'fastify', 'hono', 'http'] as const;

export type FrameworkName = (typeof frameworkNames)[number];

/** A server that answers `GET /items/:id`, and does nothing else but what the adapter does if it has one. */
export type OpenServer = (hasAdapter: boolean) => Promise<Server>;

const sluice = createClient({ testData: new TestData() });

export const frameworks: Readonly<Record<FrameworkName, OpenServer>> = {
  express: async (hasAdapter) => {
    const app = express();
    if (hasAdapter) app.use(sluice.express());
    app.get('/items/:id', (request, response) => void response.json({ id: request.params.id }));
    return createServer(app);
  },
  fastify: async (hasAdapter) => {
    const app = fastify();
    if (hasAdapter) await app.register(sluice.fastify());
    app.get<{ Params: { id: string } }>('/items/:id', async (request) => ({ id: request.params.id }));
    await app.ready();
    return app.server;
  },
  hono: async (hasAdapter) => {
    const app = new Hono();
    if (hasAdapter) app.use(sluice.hono());
    app.get('/items/:id', (context) => context.json({ id: context.req.param('id') }));
    return createServer(getRequestListener(app.fetch));
  },
  http: async (hasAdapter) => {
    const handler = (request: IncomingMessage, response: ServerResponse): void => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ id: request.url?.slice('/items/'.length) }));
    };
    return createServer(hasAdapter ? sluice.http(handler) : handler);
  },
};
