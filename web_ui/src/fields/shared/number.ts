import { t } from '@/locale'
import type { Component } from 'vue'
import type { FieldInfo, FieldType, Value } from '../../api/types'
import { compareNumber, defineField, isEmpty, type FieldDefinition, type Parsed } from '../define'
import { calculate, DecimalError, editScaled, formatScaled, halfWidth, RAW_MAX, roundTo } from './decimal'

export interface NumberKind { type: FieldType; scale: number; min: number; suffix?: string; fixed?: boolean }

function digits(field: FieldInfo, kind: NumberKind): number {
  return kind.fixed ? kind.min : Math.min(field.decimals ?? kind.min, kind.scale)
}

export function formatNumber(value: Value | undefined, field: FieldInfo, kind: NumberKind): string {
  if (isEmpty(value) || typeof value !== 'number') return isEmpty(value) ? '' : String(value)
  return formatScaled(value, kind.scale, digits(field, kind)) + (kind.suffix ?? '')
}

export function parseNumber(text: string, field: FieldInfo, kind: NumberKind): Parsed {
  const clean = kind.suffix ? halfWidth(text).trim().replace(/%$/, '') : text
  if (!clean.trim()) return { ok: true, value: null }
  try {
    const value = roundTo(calculate(clean), kind.scale)
    if (field.min !== undefined && value < field.min) return { ok: false, error: t('不能小于 {min}', { min: formatNumber(field.min, field, kind) }) }
    if (field.max !== undefined && value > field.max) return { ok: false, error: t('不能大于 {max}', { max: formatNumber(field.max, field, kind) }) }
    if (value > RAW_MAX) return { ok: false, error: t('数字太大，最多 {max}', { max: formatNumber(RAW_MAX, field, kind) }) }
    if (value < -RAW_MAX) return { ok: false, error: t('数字太小，最少 {min}', { min: formatNumber(-RAW_MAX, field, kind) }) }
    return { ok: true, value: Number(value) }
  } catch (error) {
    if (error instanceof DecimalError) return { ok: false, error: error.message }
    throw error
  }
}

export function numberField(kind: NumberKind, editor: Component): FieldDefinition {
  return defineField({
    type: kind.type,
    align: 'right',
    format: (value, field) => formatNumber(value, field, kind),
    editText: (value, field) => (typeof value === 'number' ? editScaled(value, kind.scale, digits(field, kind)) : ''),
    parse: (text, field) => parseNumber(text, field, kind),
    compare: compareNumber,
    tone: (value) => (typeof value === 'number' && value < 0 ? 'negative' : null),
    editor,
  })
}
