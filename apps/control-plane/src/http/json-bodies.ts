import { isUtf8 } from 'node:buffer';
import { ServerError } from '../errors.ts';
import type { App } from './zod-routes.ts';

/**
 * Takes JSON in UTF-8 as the only kind of body. Bytes of another encoding are refused and not replaced: a name must
 * come back as it was given.
 */
export function takeJsonBodies(app: App): void {
  // What may be in a body is decided where it is parsed by its schema.
  const parse = app.getDefaultJsonParser('ignore', 'ignore');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    if (isUtf8(bytes)) void parse(request, bytes.toString(), done);
    else done(notUtf8(), undefined);
  });
}

function notUtf8(): ServerError {
  const message = 'expected JSON in UTF-8, got bytes that are not UTF-8';
  return new ServerError('invalid-request', message, { faults: [{ path: '', message }] });
}
