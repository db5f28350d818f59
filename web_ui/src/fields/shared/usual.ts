import type { FieldInfo, Value } from '../../api/types'
import { halfWidth } from './decimal'

const SEVERAL = /[、,;；，/]/
const MARKS = /[\s\-()（）.·]/g

/** Words for what does not look like what the field usually has; null: nothing to say. */
export function unusual(value: Value | undefined, field: Pick<FieldInfo, 'usual'>): string | null {
  if (!field.usual || typeof value !== 'string' || !value) return null
  const whole = new RegExp(`^(?:${field.usual.pattern})$`)
  return halfWidth(value).split(SEVERAL).every((part) => fits(part, whole)) ? null : field.usual.words
}

/** A blank may stand within a number (138 1234 5678) and between two of them: one ends as soon as it is whole. */
function fits(part: string, whole: RegExp): boolean {
  if (whole.test(part.replace(MARKS, ''))) return true
  const open = part.trim().split(/\s+/).reduce((begun, piece) => (whole.test(begun + piece.replace(MARKS, '')) ? '' : begun + piece.replace(MARKS, '')), '')
  return part.trim() !== '' && !open
}
