import { describe, expect, it } from 'vitest'
import { next, step, windowOf } from './moves'

const grid = { rows: 3, editable: [true, false, true] }

describe('moving between cells', () => {
  it('goes by Enter to the next cell that takes typing, over the end of the line', () => {
    expect(next({ row: 0, column: 0 }, grid)).toEqual({ row: 0, column: 2 })
    expect(next({ row: 0, column: 2 }, grid)).toEqual({ row: 1, column: 0 })
    expect(next({ row: 1, column: 0 }, grid, -1)).toEqual({ row: 0, column: 2 })
  })
  it('says when there is none: behind the last one stands the entry row', () => {
    expect(next({ row: 2, column: 2 }, grid)).toBeNull()
    expect(next({ row: 0, column: 0 }, grid, -1)).toBeNull()
    expect(next({ row: 0, column: 0 }, { rows: 3, editable: [false, false] })).toBeNull()
  })
  it('goes by arrows over every cell and stays inside', () => {
    expect(step({ row: 0, column: 0 }, 'ArrowRight', false, grid, 10)).toEqual({ row: 0, column: 1 })
    expect(step({ row: 0, column: 0 }, 'ArrowLeft', false, grid, 10)).toEqual({ row: 0, column: 0 })
    expect(step({ row: 2, column: 1 }, 'ArrowDown', false, grid, 10)).toEqual({ row: 2, column: 1 })
    expect(step({ row: 0, column: 1 }, 'End', true, grid, 10)).toEqual({ row: 2, column: 1 })
    expect(step({ row: 2, column: 1 }, 'Home', false, grid, 10)).toEqual({ row: 2, column: 0 })
    expect(step({ row: 2, column: 1 }, 'PageUp', false, grid, 10)).toEqual({ row: 0, column: 1 })
    expect(step({ row: 2, column: 1 }, 'x', false, grid, 10)).toBeNull()
  })
  it('draws only the rows on screen and a few around', () => {
    expect(windowOf(0, 260, 26, 200)).toEqual({ from: 0, to: 16 })
    expect(windowOf(2600, 260, 26, 200)).toEqual({ from: 94, to: 116 })
    expect(windowOf(9999, 260, 26, 200).to).toBe(200)
  })
})
