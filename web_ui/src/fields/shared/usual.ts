import type { FieldInfo, Value } from '../../api/types'
import { halfWidth } from './decimal'

const SEVERAL = /[、,;；，/]/
const MARKS = /[\s\-()（）.·]/g

/** Words for what does not look like what the field usually has; null: nothing to say. */
export function unusual(value: Value | undefined, field: Pick<FieldInfo, 'usual'>): string | null {
  if (!field.usual || typeof value !== 'string' || !value) return null
  const whole = new RegExp(`^(?:${field.usual.pattern})$`)
  return halfWidth(value).split(SEVERAL).every((part) => whole.test(part.replace(MARKS, ''))) ? null : field.usual.words
}
