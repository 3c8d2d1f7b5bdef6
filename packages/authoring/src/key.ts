import * as z from 'zod';

/** Keys of projects, environments, flags and segments. */
export const keyPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,255}$/;

/** Ids of variations and rules: readable, chosen by a person or generated. */
export const idPattern: RegExp = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** A context kind, by LaunchDarkly's rule; `kind` and `multi` have a meaning of their own. */
export const contextKindPattern: RegExp = /^(?!(?:kind|multi)$)[\w.-]{1,128}$/;

export const keySchema = z
  .string()
  .regex(keyPattern, 'a letter or digit, then at most 255 letters, digits, dots, underscores or hyphens');

export const idSchema = z
  .string()
  .regex(idPattern, 'a letter or digit, then at most 63 letters, digits, dots, underscores or hyphens');

export const contextKindSchema = z
  .string()
  .regex(contextKindPattern, 'letters, digits, dots, underscores or hyphens, and neither "kind" nor "multi"');
