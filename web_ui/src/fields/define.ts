import type { Component } from 'vue'
import type { FieldInfo, FieldType, Labels, Value } from '../api/types'

/** What a value needs besides itself to become words. */
export interface FormatContext {
  /** titles of the records it refers to */
  labels: Labels
  /** IANA zone for instants; the machine's own when absent */
  timezone?: string
}

export type Parsed = { ok: true; value: Value } | { ok: false; error: string }

/** What every editor component gets and emits; see shared/editor.ts. */
export interface FieldDefinition {
  type: FieldType
  align: 'left' | 'right' | 'center'
  /** as lists, chips and exports show it: one line */
  format(value: Value | undefined, field: FieldInfo, context: FormatContext): string
  /** as it stands in its input */
  editText(value: Value | undefined, field: FieldInfo): string
  /** typed text → raw value; empty text is null */
  parse(text: string, field: FieldInfo, now?: Date): Parsed
  compare(a: Value | undefined, b: Value | undefined): number
  /** red, quiet … ; colour is always doubled by a word or sign */
  tone?(value: Value | undefined, field: FieldInfo): CellTone
  editor: Component
  /** value box of 数据过滤; the editor itself where absent */
  filterEditor?: Component
  /** takes the whole width of the form */
  wide?: boolean
}

export type CellTone = 'negative' | 'good' | 'quiet' | 'look' | 'bad' | 'draft' | 'link' | null

export function defineField(definition: FieldDefinition): FieldDefinition {
  return definition
}

export const isEmpty = (value: Value | undefined): boolean =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)

export function compareText(a: Value | undefined, b: Value | undefined): number {
  return String(a ?? '').localeCompare(String(b ?? ''), 'zh-CN')
}

export function compareNumber(a: Value | undefined, b: Value | undefined): number {
  return (typeof a === 'number' ? a : -Infinity) - (typeof b === 'number' ? b : -Infinity) || 0
}

export interface Cells { readonly [name: string]: Value | undefined }

/** Whether nothing stands for something that nobody knows. */
export function isUnknown(row: Cells, field: FieldInfo): boolean {
  return !!field.unknown && !row[field.name] && isOpen(row, field.unknown)
}
/** Why what stands there is only a part, or nothing. */
export function whyPartly(row: Cells, field: FieldInfo): string {
  return field.unknown && row[field.name] && isOpen(row, field.unknown) ? field.unknown.partly : ''
}
const isOpen = (row: Cells, rule: { by: string; but: string }): boolean => rule.by.split(' ').every((name) => row[name]) && !row[rule.but]
