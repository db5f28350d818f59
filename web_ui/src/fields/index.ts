/** All field types, found by folder: a new type is a new folder and touches nothing else. */
import type { FieldInfo, FieldType, Value } from '../api/types'
import type { CellTone, FieldDefinition, FormatContext } from './define'

const found = import.meta.glob<{ default: FieldDefinition }>('./*/index.ts', { eager: true })
const types = new Map<string, FieldDefinition>(Object.values(found).map((m) => [m.default.type, m.default]))

/** A type from a newer version of the program is shown as text rather than not at all. */
export function fieldType(type: FieldType): FieldDefinition {
  const definition = types.get(type) ?? types.get('text')
  if (!definition) throw new Error('field types are missing')
  return definition
}

export const knownTypes = (): string[] => [...types.keys()]

export function formatValue(value: Value | undefined, field: FieldInfo, context: FormatContext): string {
  return fieldType(field.type).format(value, field, context)
}

export function toneOf(value: Value | undefined, field: FieldInfo): CellTone {
  return fieldType(field.type).tone?.(value, field) ?? null
}
