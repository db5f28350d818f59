import { describe, expect, it } from 'vitest'
import type { FieldInfo, FieldType } from '../../api/types'
import { fitWidths, textWidth } from './fit'
import type { Column } from './layout'

const field = (name: string, label: string, type: FieldType, width: number): FieldInfo => ({
  name, label, initials: '', type, required: false, readonly: false, default: null, help: '', sortable: true, sum: false, unique: false, operators: [], width, align: 'left', hidden: false,
})
const fields = new Map([
  field('code', '客户编号', 'serial', 102), field('name', '客户名称', 'text', 188), field('level', '客户级别', 'ref', 80), field('next', '下次联系', 'date', 88), field('credit', '信用额度', 'money', 96),
].map((f) => [f.name, f]))
const columns = (change: Record<string, number> = {}): Column[] => [...fields.values()].map((f) => ({ field: f.name, width: change[f.name] ?? f.width, hidden: false, pinned: false }))
const sum = (widths: Map<string, number>): number => [...widths.values()].reduce((a, b) => a + b, 0)

describe('widths on screen', () => {
  it('stay as suggested where they just fit', () => {
    expect(Object.fromEntries(fitWidths(columns(), fields, 554))).toEqual({ code: 102, name: 188, level: 80, next: 88, credit: 96 })
  })
  it('of words grow where there is room, not beyond measure', () => {
    expect(fitWidths(columns(), fields, 574).get('name')).toBe(208)
    expect(Object.fromEntries(fitWidths(columns(), fields, 2000))).toEqual({ code: 102, name: 244, level: 80, next: 88, credit: 96 })
    expect(fitWidths(columns({ name: 150 }), fields, 2000).get('name')).toBe(150)
  })
  it('are drawn in where texts can give way, never figures, dates and numbers', () => {
    const widths = fitWidths(columns(), fields, 530)
    expect(sum(widths)).toBe(530)
    expect([widths.get('code'), widths.get('next'), widths.get('credit')]).toEqual([102, 88, 96])
    expect(widths.get('level')).toBeGreaterThanOrEqual(68)
  })
  it('stay as they are when drawing in would not save the scroll bar', () => {
    expect(fitWidths(columns(), fields, 400).get('name')).toBe(188)
  })
  it('leave alone what the user has set', () => {
    const widths = fitWidths(columns({ name: 190 }), fields, 550)
    expect(widths.get('name')).toBe(190)
    expect(widths.get('level')).toBe(74)
  })
  it('grow for a long sum beside another', () => {
    expect(fitWidths(columns(), fields, 900, new Map([['credit', 140]])).get('credit')).toBe(140)
  })
  it('stay as the user has set them, however long a figure is', () => {
    const needs = new Map([['credit', 140], ['next', 120]])
    expect(Object.fromEntries(fitWidths(columns({ credit: 60 }), fields, 554, needs))).toMatchObject({ credit: 60, next: 120 })
  })
  it('knows how wide words are', () => {
    expect(textWidth('客户编号', 12)).toBe(48)
    expect(textWidth('1,000.00', 10)).toBeLessThan(textWidth('100000000', 10))
  })
})
