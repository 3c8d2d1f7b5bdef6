import type { ObjectId } from '@sluice/authoring';
import { listFlagDefects, listSegmentDefects } from '@sluice/engine';
import { describeMalformation, isMalformation, parseObject } from '@sluice/protocol';

/**
 * Checks what the compiler made as SDKs will: they must be able to parse it and to evaluate it for every context.
 * Throws, because whatever is wrong here is a fault of this program that authoring should have caught.
 */
export function checkCompiled({ kind, key }: ObjectId, json: string | undefined): void {
  if (json === undefined) return;
  const object = parseObject(kind, JSON.parse(json), '');
  if (isMalformation(object)) throw new RangeError(`compiled ${kind} ${key}: ${describeMalformation(object)}`);
  const [defect] = object.kind === 'flag' ? listFlagDefects(object.flag) : listSegmentDefects(object.segment);
  if (defect !== undefined) throw new RangeError(`compiled ${kind} ${key}: ${defect.path} ${defect.message}`);
}
