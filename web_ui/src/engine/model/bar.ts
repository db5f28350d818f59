/**
 * What stands in the tool bar of a list, from the left, and goes into 更多 from the right where the window is narrow: first what
 * changes the record with the cursor and what finds one, then what is done with that record, last what is done with the whole list.
 */
export const BAR = [
  'record.edit', 'record.delete', 'list.quick', 'list.filter', 'list.show',
  'record.paper', 'record.turn', 'record.statement', 'list.export', 'list.print', 'list.survey', 'list.import',
] as const

export type BarId = (typeof BAR)[number]

/** whether it still stands in the bar when the last `folded` do not */
export function stands(id: BarId, folded: number): boolean {
  return BAR.indexOf(id) < BAR.length - folded
}

/** what stands in 更多 instead */
export function inMore(folded: number): BarId[] {
  return BAR.filter((id) => !stands(id, folded))
}
