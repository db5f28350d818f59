/** The columns of the grid of lines, and how wide they stand. */
import type { FieldInfo, FieldType, Value } from '../../api/types'
import { fieldType } from '../../fields'
import { figureRoom } from '../model/figures'
import { textWidth } from '../model/fit'

export interface LineColumn { field: FieldInfo; align: 'left' | 'right' | 'center'; /** takes typing */ editable: boolean }

const WORDS = new Set<FieldType>(['text', 'longtext', 'ref', 'refs'])
/** widest that a column of figures needs to be */
const FIGURES: Partial<Record<FieldType, number>> = { money: 96, price: 88, quantity: 78, rate: 70, int: 56, bool: 52, date: 96, enum: 80 }
export const NUMBER_WIDTH = 34

/** `kind` and `only` leave out what this kind of sheet has no use for. */
export function lineColumns(names: string[], fields: FieldInfo[], readonly: boolean, kind = '', only: Record<string, string[]> = {}): LineColumn[] {
  const byName = new Map(fields.map((f) => [f.name, f]))
  return names.filter((name) => only[name]?.includes(kind) ?? true).map((name) => byName.get(name)).filter((f): f is FieldInfo => !!f && !f.hidden)
    .map((field) => ({ field, align: fieldType(field.type).align, editable: !readonly && !field.readonly }))
}

/** least width of a column */
export function leastWidth(field: FieldInfo, isProduct: boolean): number {
  const head = textWidth(field.label, 12) + 18
  if (isProduct) return Math.max(180, head)
  const wanted = FIGURES[field.type] ?? (WORDS.has(field.type) ? (field.small || field.type === 'ref' ? 84 : 100) : field.width)
  return Math.max(head, wanted)
}

/** px that the figures of the lines need, by column */
export type Rooms = ReadonlyMap<string, number>
export const roomsOf = (columns: LineColumn[], lines: readonly { values: Record<string, Value | undefined> }[]): Rooms => new Map(columns.map(({ field }) => [field.name, figureRoom(field, lines.map((line) => line.values[field.name]))]))
const widthIn = (field: FieldInfo, product: string, rooms: Rooms): number => Math.max(leastWidth(field, field.name === product), rooms.get(field.name) ?? 0)

/** CSS grid: words grow, figures keep their width, large ones have what they need; the product grows most. */
export function template(columns: LineColumn[], product: string, rooms: Rooms = new Map()): string {
  const parts = columns.map(({ field }) => {
    const least = widthIn(field, product, rooms)
    if (field.name === product) return `minmax(${least}px, 4fr)`
    return WORDS.has(field.type) ? `minmax(${least}px, 1fr)` : `${least}px`
  })
  return `${NUMBER_WIDTH}px ${parts.join(' ')}`
}
export const leastTotal = (columns: LineColumn[], product: string, rooms: Rooms = new Map()): number => NUMBER_WIDTH + columns.reduce((sum, c) => sum + widthIn(c.field, product, rooms), 0)

/** editors that are more than a line of text */
export const isBox = (type: FieldType): boolean => type === 'ref' || type === 'refs' || type === 'enum'
