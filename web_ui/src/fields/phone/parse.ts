import { t } from '@/locale'
import type { FieldInfo } from '../../api/types'
import type { Parsed } from '../define'
import { halfWidth } from '../shared/decimal'
import { parseText } from '../shared/text'

/** Kept as typed (spaces, 转 8012, two numbers); only something without any digit is refused. */
export function parsePhone(text: string, field: FieldInfo): Parsed {
  const parsed = parseText(text, field)
  if (!parsed.ok || parsed.value === null) return parsed
  const digits = halfWidth(String(parsed.value)).replace(/\D/g, '')
  if (digits.length < 3) return { ok: false, error: t('电话里至少要有 3 位数字') }
  return parsed
}
