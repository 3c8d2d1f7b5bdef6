import { isUtf8 } from 'node:buffer';
import { findJsonLoss } from '@sluice/authoring';
import { type Fault, ServerError } from '../errors.ts';
import type { App } from './zod-routes.ts';

/**
 * Takes JSON in UTF-8 as the only kind of body. Bytes of another encoding are refused and not replaced, and so is
 * what parsing would lose: names and values must come back as they were given.
 */
export function takeJsonBodies(app: App): void {
  // What may be in a body is decided where it is parsed by its schema.
  const parse = app.getDefaultJsonParser('ignore', 'ignore');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (!isUtf8(bytes)) {
      done(refuse({ path: '', message: 'expected JSON in UTF-8, got bytes that are not UTF-8' }), undefined);
      return;
    }
    const text = bytes.toString();
    void parse(request, text, (error, body) => {
      const loss = error === null ? findJsonLoss(text) : undefined;
      if (loss === undefined) done(error, body);
      else done(refuse(loss), undefined);
    });
  });
}

function refuse({ path, message }: Fault): ServerError {
  const title = path === '' ? message : `${path}: ${message}`;
  return new ServerError('invalid-request', title, { faults: [{ path, message }] });
}
