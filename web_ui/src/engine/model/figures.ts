/** Room for large figures: a number that is cut looks like another one. */
import type { FieldInfo, Value } from '../../api/types'
import { formatValue } from '../../fields'
import { textWidth } from './fit'

const FIGURES = new Set(['money', 'price', 'quantity', 'int', 'rate'])
/** smaller ones fit every column as it is declared; not measuring them keeps thousands of lines cheap */
const LARGE = 1e7
const AROUND = 18

/** px that the widest of some values needs; 0 where none is large */
export function figureRoom(field: FieldInfo, values: Iterable<Value | undefined>, size = 13): number {
  let room = 0
  if (!FIGURES.has(field.type)) return room
  for (const value of values) {
    if (typeof value === 'number' && Math.abs(value) >= LARGE) room = Math.max(room, textWidth(formatValue(value, field, { labels: {} }), size) + AROUND)
  }
  return room
}
