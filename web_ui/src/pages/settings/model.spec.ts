import { describe, expect, it } from 'vitest'
import type { FieldInfo } from '@/api/types'
import { changeOf, edited, shipped, shownGroups, typed, typedSince, type Setting } from './model'

const setting = (key: string, label: string, more: Partial<Setting> = {}): Setting => ({ key, field: { label, help: '更早的成交价不再带出', default: 180 } as FieldInfo, value: 180, is_default: true, above: 180, default_words: '180', comes_from: '默认', narrower: [], stays: '', at: null, by: '', ...more })
const days = setting('price.last_days', '上次价有效天数')
const set = setting('quote.valid_days', '报价有效天数', { value: 7, is_default: false, above: 15 })

describe('changing settings', () => {
  it('sends only what was changed, and what goes back to the default apart', () => {
    let edits = edited({}, days, typed(days, 90))
    edits = edited(edits, set, shipped(set))
    expect(changeOf(edits)).toEqual({ values: { 'price.last_days': 90 }, defaults: ['quote.valid_days'] })
  })
  it('forgets what was put back', () => {
    const edits = edited({}, days, typed(days, 90))
    expect(edited(edits, days, typed(days, 180))).toEqual({})
    expect(edited(edited({}, set, shipped(set)), set, typed(set, 7))).toEqual({})
  })
  it('keeps what was typed while they were saved', () => {
    const sent = edited({}, days, typed(days, 90))
    expect(typedSince(sent, sent)).toEqual({})
    expect(typedSince(edited(edited(sent, set, shipped(set)), days, typed(days, 91)), sent)).toEqual({ 'price.last_days': typed(days, 91), 'quote.valid_days': shipped(set) })
  })
})

describe('finding settings', () => {
  const groups = [{ label: '价格', settings: [days, set] }, { label: '附件', settings: [setting('file.max_mb', '附件最大 MB', { field: { label: '附件最大 MB', help: '', default: 50 } as FieldInfo })] }]
  it('by name, initials, help or group', () => {
    const found = (text: string): string[] => shownGroups(groups, text, '').flatMap((one) => one.settings.map(({ key }) => key))
    expect(found('报价')).toEqual(['quote.valid_days'])
    expect(found('scj')).toEqual(['price.last_days'])
    expect(found('成交价')).toEqual(['price.last_days', 'quote.valid_days'])
    expect(found('附件')).toEqual(['file.max_mb'])
    expect(found('没有的')).toEqual([])
  })
  it('of one group, and all while something is searched', () => {
    expect(shownGroups(groups, '', '附件').map((one) => one.label)).toEqual(['附件'])
    expect(shownGroups(groups, '报价', '附件').map((one) => one.label)).toEqual(['价格'])
  })
})
