import type { Widened } from '@sluice/sdk-common';
import type { StandardSchema } from './standard-schema.ts';

/** What a config is when nobody says otherwise, and which values of it this build can work with. */
export type ConfigOptions<T> = AnyConfigOptions<T> & (Widened<T> extends number ? NumberBounds : NoBounds);

interface AnyConfigOptions<T> {
  /** Until there is a value from the server, and where there is none. Others must be of the same type. */
  readonly default: T;
  /** Of zod, valibot, or whoever else implements Standard Schema; what it makes of a value is what `get` returns. */
  readonly schema?: StandardSchema<Widened<T>>;
  readonly oneOf?: readonly Widened<T>[];
  /** Asked last. False, or the reason in words, or throwing refuses a value. */
  readonly validate?: (value: Widened<T>) => boolean | string | undefined;
}

export interface NumberBounds {
  readonly min?: number;
  readonly max?: number;
  /** Values lie so far apart, from `min` or 0 on; 1: only integers. */
  readonly step?: number;
  /** For people: `s`. */
  readonly unit?: string;
}

/** Bounds are for numbers. */
type NoBounds = { readonly [name in keyof NumberBounds]?: never };

/** Options as they are judged by, whatever the type of the values. */
export interface JudgedOptions extends NumberBounds {
  readonly default: unknown;
  readonly schema?: StandardSchema<unknown>;
  readonly oneOf?: readonly unknown[];
  readonly validate?: (value: never) => boolean | string | undefined;
}
