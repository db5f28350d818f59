import { t } from '@/locale'
import type { FieldInfo, Value } from '../../api/types'
import { isEmpty, type Parsed } from '../define'

export const showText = (value: Value | undefined): string =>
  isEmpty(value) ? '' : String(value).replace(/\s*\n\s*/g, ' ')

export const editPlain = (value: Value | undefined): string => (isEmpty(value) ? '' : String(value))

export function parseText(text: string, field: FieldInfo): Parsed {
  const value = text.trim()
  const max = field.max_length ?? 200
  // characters as people count them: one per Chinese character, also outside the basic plane
  const length = [...value].length
  if (length > max) return { ok: false, error: t('最多 {max} 个字，现在 {length} 个', { max, length }) }
  return { ok: true, value: value || null }
}
