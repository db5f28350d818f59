import { t } from '@/locale'
import type { FieldInfo, Value } from '../../api/types'
import { isEmpty, type CellTone, type Parsed } from '../define'

/** A value from a newer version is kept and shown, never dropped. */
export function formatEnum(value: Value | undefined, field: FieldInfo): string {
  if (isEmpty(value)) return ''
  return field.options?.find((o) => o.value === value)?.label ?? t('未知({value})', { value: String(value) })
}

export function parseEnum(text: string, field: FieldInfo): Parsed {
  const word = text.trim()
  if (!word) return { ok: true, value: null }
  const found = field.options?.find((o) => o.label === word || o.value === word)
  return found ? { ok: true, value: found.value } : { ok: false, error: t('「{label}」里没有「{word}」', { label: field.label, word }) }
}

export function toneOfEnum(value: Value | undefined, field: FieldInfo): CellTone {
  return field.options?.find((o) => o.value === value)?.tone ?? null
}
