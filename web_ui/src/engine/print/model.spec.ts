import { describe, expect, it } from 'vitest'
import type { FieldInfo, ModuleInfo } from '../../api/types'
import type { Column } from '../model/layout'
import { columnsOf, DEFAULTS, isLandscape, parseZoom, rangeFault, settingsOf, stepZoom, zoomOf } from './model'

const field = (name: string, more: Partial<FieldInfo> = {}): FieldInfo => ({ name, label: name, type: 'text', width: 100, hidden: false, ...more }) as FieldInfo
const module = { fields: [field('code'), field('name'), field('secret', { type: 'password' })] } as ModuleInfo
const fields = new Map(module.fields.map((f) => [f.name, f]))
const list: Column[] = [{ field: 'name', width: 200, hidden: false, pinned: false }, { field: 'code', width: 90, hidden: true, pinned: false }]

describe('settings of a print', () => {
  it('forget columns that are gone, and marks nobody knows', () => {
    const kept = settingsOf({ columns: ['gone', 'code'], marks: ['page', 'moon' as never] }, module)
    expect(kept).toEqual({ ...DEFAULTS, columns: ['code'], marks: ['page'] })
    expect(settingsOf({ columns: ['gone'] }, module).columns).toBeNull()
    expect(settingsOf(null, module)).toEqual(DEFAULTS)
  })
  it('print what the list shows until columns were chosen, always in the order of the list', () => {
    expect(columnsOf(DEFAULTS, list, fields)).toEqual([{ name: 'name', width: 200 }])
    expect(columnsOf({ ...DEFAULTS, columns: ['code', 'name'] }, list, fields).map((c) => c.name)).toEqual(['name', 'code'])
  })
  it('turn the paper where the list is wide, unless the user has said', () => {
    expect(isLandscape(DEFAULTS, [{ name: 'a', width: 740 }])).toBe(false)
    expect(isLandscape(DEFAULTS, [{ name: 'a', width: 760 }])).toBe(true)
    expect(isLandscape({ ...DEFAULTS, landscape: false }, [{ name: 'a', width: 900 }])).toBe(false)
  })
  it('say what is wrong with a range', () => {
    expect(rangeFault({ first: 3, last: 2 }, 10)).toBe('order')
    expect(rangeFault({ first: 11, last: null }, 10)).toBe('beyond')
    expect(rangeFault({ first: null, last: null }, 10)).toBe('empty')
    expect(rangeFault({ first: null, last: 5 }, 10)).toBeNull()
  })
})

describe('zoom', () => {
  const page = { width: 794, height: 1123 }
  it('goes in steps between 25 and 400 %', () => {
    expect(stepZoom(0.49, 1)).toBe(0.5)
    expect(stepZoom(0.5, -1)).toBe(0.33)
    expect(stepZoom(0.25, -1)).toBe(0.25)
    expect(stepZoom(4, 1)).toBe(4)
  })
  it('is read however it was typed', () => {
    expect(parseZoom('49')).toBe(0.49)
    expect(parseZoom('150 %')).toBe(1.5)
    expect(parseZoom('9999')).toBe(4)
    expect(parseZoom('x')).toBeNull()
  })
  it('fits the width, or all pages that are shown at once', () => {
    const room = { width: 794 + 32, height: 600 }
    expect(zoomOf('width', 1, page, room)).toBe(1)
    expect(zoomOf('page', 1, page, room)).toBeCloseTo((600 - 32) / 1123)
    expect(zoomOf('page', 4, page, { width: 2000, height: 1123 * 2 + 48 })).toBeCloseTo(1)
    expect(zoomOf('width', 2, page, { width: 794 * 2 + 48, height: 10 })).toBe(1)
  })
})
