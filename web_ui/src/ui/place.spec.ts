import { describe, expect, it } from 'vitest'
import { menuLines } from './menu'
import { placeBeside } from './place'

const win = { left: 0, top: 0, width: 1000, height: 600 }
const box = (left: number, top: number): { left: number; top: number; width: number; height: number } => ({ left, top, width: 80, height: 28 })

describe('a pop-up', () => {
  it('stands under its cause', () => {
    expect(placeBeside(box(100, 50), { width: 200, height: 100 }, 'bottom-start', { win })).toMatchObject({ left: 100, top: 82 })
    expect(placeBeside(box(500, 50), { width: 200, height: 100 }, 'bottom-end', { win })).toMatchObject({ left: 380, top: 82 })
  })
  it('goes above when there is no room below, and never leaves the window', () => {
    expect(placeBeside(box(100, 560), { width: 200, height: 100 }, 'bottom-start', { win })).toMatchObject({ top: 456 })
    expect(placeBeside(box(950, 50), { width: 200, height: 100 }, 'bottom-start', { win })).toMatchObject({ left: 792 })
    expect(placeBeside(box(0, 10), { width: 2000, height: 2000 }, 'bottom-start', { win })).toMatchObject({ left: 8, top: 8, maxHeight: 584 })
  })
  it('never covers the field one types in: at its side, or lower with a scroll bar', () => {
    const low = { ...win, height: 400 }
    expect(placeBeside(box(100, 190), { width: 200, height: 230 }, 'bottom-start', { win: low })).toMatchObject({ left: 100, top: 162 })
    expect(placeBeside(box(100, 190), { width: 200, height: 230 }, 'bottom-start', { win: low, clear: true })).toMatchObject({ left: 184, top: 162 })
    expect(placeBeside(box(900, 190), { width: 200, height: 230 }, 'bottom-start', { win: low, clear: true })).toMatchObject({ left: 696, top: 162 })
    expect(placeBeside(box(100, 190), { width: 950, height: 230 }, 'bottom-start', { win: low, clear: true })).toMatchObject({ top: 8, maxHeight: 178 })
    expect(placeBeside(box(100, 150), { width: 950, height: 230 }, 'bottom-start', { win: low, clear: true })).toMatchObject({ top: 182, maxHeight: 210 })
  })
  it('of a submenu turns to the left at the edge', () => {
    expect(placeBeside(box(900, 50), { width: 200, height: 100 }, 'right-start', { win })).toMatchObject({ left: 696 })
  })
})

describe('a menu', () => {
  it('leaves out what nobody offers, and lines that part nothing', () => {
    const a = { id: 'a', label: 'a' }
    expect(menuLines(['-', 'unknown', '-', a, '-', 'unknown', '-', a, '-', 'unknown']).map((line) => line.kind)).toEqual(['item', 'line', 'item'])
  })
})
