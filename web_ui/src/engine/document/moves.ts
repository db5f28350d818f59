/** Where the cursor goes in the grid of lines. Pure. */

export interface Spot { row: number; column: number }
export interface Field_ { rows: number; /** which columns take typing */ editable: readonly boolean[] }

const clamp = (n: number, max: number): number => Math.max(0, Math.min(max, n))

/** Arrows, Home and End, pages: over every cell. `page` = rows on screen. */
export function step(at: Spot, key: string, ctrl: boolean, grid: Field_, page: number): Spot | null {
  const lastRow = grid.rows - 1
  const lastColumn = grid.editable.length - 1
  switch (key) {
    case 'ArrowUp': return { ...at, row: clamp(at.row - 1, lastRow) }
    case 'ArrowDown': return { ...at, row: clamp(at.row + 1, lastRow) }
    case 'ArrowLeft': return { ...at, column: clamp(at.column - 1, lastColumn) }
    case 'ArrowRight': return { ...at, column: clamp(at.column + 1, lastColumn) }
    case 'PageUp': return { ...at, row: clamp(at.row - page, lastRow) }
    case 'PageDown': return { ...at, row: clamp(at.row + page, lastRow) }
    case 'Home': return ctrl ? { row: 0, column: at.column } : { ...at, column: 0 }
    case 'End': return ctrl ? { row: lastRow, column: at.column } : { ...at, column: lastColumn }
    default: return null
  }
}

/** Enter and Tab: the next cell that takes typing, over the ends of lines; null behind the last and before the first. */
export function next(at: Spot, grid: Field_, by: 1 | -1 = 1): Spot | null {
  const width = grid.editable.length
  for (let place = at.row * width + at.column + by; place >= 0 && place < grid.rows * width; place += by) {
    if (grid.editable[place % width]) return { row: Math.floor(place / width), column: place % width }
  }
  return null
}

/** Rows to draw: those on screen and a few around. */
export function windowOf(scrollTop: number, height: number, rowHeight: number, rows: number, around = 6): { from: number; to: number } {
  const from = Math.max(0, Math.floor(scrollTop / rowHeight) - around)
  return { from, to: Math.min(rows, Math.ceil((scrollTop + height) / rowHeight) + around) }
}
