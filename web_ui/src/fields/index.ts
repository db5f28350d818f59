/** All field types, found by folder: a new type is a new folder and touches nothing else. */
import type { FieldInfo, FieldType, Value } from '../api/types'
import { t } from '../locale'
import { isUnknown, whyPartly, type Cells, type CellTone, type FieldDefinition, type FormatContext } from './define'

const found = import.meta.glob<{ default: FieldDefinition }>('./*/index.ts', { eager: true })
let made: Map<string, FieldDefinition> | null = null
/** at first use: editors import this file themselves */
function all(): Map<string, FieldDefinition> {
  return (made ??= new Map(Object.values(found).map((m) => [m.default.type, m.default])))
}

/** A type from a newer version of the program is shown as text rather than not at all. */
export function fieldType(type: FieldType): FieldDefinition {
  const definition = all().get(type) ?? all().get('text')
  if (!definition) throw new Error('field types are missing')
  return definition
}

export const knownTypes = (): string[] => [...all().keys()]

export function formatValue(value: Value | undefined, field: FieldInfo, context: FormatContext): string {
  return fieldType(field.type).format(value, field, context)
}

/** before what is known in part only */
const PARTLY = '≈'

/** The words of a cell of a row: what nobody knows is no 0 (the same on paper: `Field.words_in`). */
export function wordsIn(row: Cells, field: FieldInfo, context: FormatContext): string {
  return isUnknown(row, field) ? t('未知') : (whyPartly(row, field) && PARTLY) + formatValue(row[field.name], field, context)
}

export function toneOf(value: Value | undefined, field: FieldInfo): CellTone {
  return fieldType(field.type).tone?.(value, field) ?? null
}
