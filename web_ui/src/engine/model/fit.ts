/** How wide columns stand on screen: as suggested, drawn in a little where that saves the horizontal scroll bar, wider where there is room. */
import type { FieldInfo } from '../../api/types'
import { widthOf, type Column } from './layout'

const PADDING = 16
/** four characters of content */
const SHORT = 4 * 13 + PADDING
const ELASTIC = 0.8
const GROWTH = 1.3
/** those whose words are often longer than their column */
const GROWING = new Set(['text', 'longtext', 'email', 'url', 'phone', 'birthday'])

/** good enough for heads and figures: Chinese is square, the rest a little over half of it */
export function textWidth(text: string, size: number): number {
  let width = 0
  for (const letter of text) width += /[\u2e80-\uffef]/.test(letter) ? size : /[,.]/.test(letter) ? size * 0.32 : size * 0.6
  return Math.ceil(width)
}

function least(field: FieldInfo): number {
  const width = widthOf(field)
  const head = textWidth(field.label, 12) + PADDING + 2
  switch (field.type) {
    case 'text': case 'longtext': case 'email': case 'url': return Math.min(width, Math.max(head, width * ELASTIC))
    case 'ref': case 'refs': case 'enum': return Math.min(width, Math.max(head, SHORT, width * ELASTIC))
    // figures, dates, numbers and telephones are of no use when cut
    default: return width
  }
}

/**
 * Widths of the shown columns in `room` px. `needs`: least widths that figures and their sums ask for.
 * What the user has set stays; when drawing in would not be enough, nothing is drawn in.
 */
export function fitWidths(columns: Column[], fields: Map<string, FieldInfo>, room: number, needs: ReadonlyMap<string, number> = new Map()): Map<string, number> {
  const bySet = (c: Column): boolean => { const field = fields.get(c.field); return !!field && c.width !== widthOf(field) }
  const widths = new Map(columns.map((c) => [c.field, bySet(c) ? c.width : Math.max(c.width, needs.get(c.field) ?? 0)]))
  const sum = [...widths.values()].reduce((a, b) => a + b, 0)
  let over = sum - room
  if (room <= 0) return widths
  if (over <= 0) {
    for (const column of columns) {
      const field = fields.get(column.field)
      const now = widths.get(column.field) ?? column.width
      if (!field || !GROWING.has(field.type) || bySet(column)) continue
      const grow = Math.max(0, Math.min(-over, Math.round(column.width * GROWTH) - now))
      widths.set(column.field, now + grow)
      over += grow
    }
    return widths
  }
  const slack = columns.map((c) => {
    const field = fields.get(c.field)
    const now = widths.get(c.field) ?? c.width
    return { name: c.field, now, slack: field && !bySet(c) ? Math.max(0, Math.floor(now - Math.max(least(field), needs.get(c.field) ?? 0))) : 0 }
  })
  let all = slack.reduce((a, s) => a + s.slack, 0)
  if (all < over) return widths
  for (const one of slack) {
    if (!one.slack) continue
    const take = Math.min(one.slack, Math.ceil((over * one.slack) / all))
    widths.set(one.name, one.now - take)
    over -= take
    all -= one.slack
    if (over <= 0) break
  }
  return widths
}
