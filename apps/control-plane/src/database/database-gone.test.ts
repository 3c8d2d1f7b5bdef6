import { describe, expect, test } from 'vitest';
import { isDatabaseGone } from './database-gone.ts';

function errorWith(properties: object, message = 'something'): Error {
  return Object.assign(new Error(message), properties);
}

describe('a database counts as gone', () => {
  test.each([
    ['nobody listens', errorWith({ code: 'ECONNREFUSED' })],
    ['none of several addresses answers', Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })],
    ['its name is not known', errorWith({ code: 'ENOTFOUND' })],
    ['its socket is not there', errorWith({ code: 'ENOENT', syscall: 'connect' })],
    ['it is being stopped', errorWith({ code: '57P01' })],
    ['it starts', errorWith({ code: '57P03' })],
    ['it has no connection left', errorWith({ code: '53300' })],
    ['its disk is full', errorWith({ code: '53100' })],
    ['it became a standby', errorWith({ code: '25006' })],
    ['others hold a lock for too long', errorWith({ code: '55P03' })],
    ['others were in each other’s way', errorWith({ code: '40P01' })],
    ['its password was changed', errorWith({ code: '28P01' })],
    ['the connection broke', errorWith({}, 'Connection terminated unexpectedly')],
    ['the pool has none left', errorWith({}, 'timeout exceeded when trying to connect')],
    ['an answer does not come', errorWith({}, 'Query read timeout')],
    ['the embedded one is locked', errorWith({ code: 'ERR_SQLITE_ERROR', errcode: 5 })],
    ['the embedded one cannot be read', errorWith({ code: 'ERR_SQLITE_ERROR', errcode: 10 | (2 << 8) })],
  ])('when %s', (_, error) => {
    expect(isDatabaseGone(error)).toBe(true);
  });

  test.each([
    ['a constraint was violated', errorWith({ code: '23505' })],
    ['a statement is wrong', errorWith({ code: '42P01' })],
    ['a value does not fit', errorWith({ code: '22021' })],
    ['a file is missing', errorWith({ code: 'ENOENT', syscall: 'open' })],
    ['a constraint of the embedded one was violated', errorWith({ code: 'ERR_SQLITE_ERROR', errcode: 19 })],
    ['it is something else', errorWith({})],
    ['it is no error', 'ECONNREFUSED'],
  ])('not when %s', (_, error) => {
    expect(isDatabaseGone(error)).toBe(false);
  });
});
