import { describe, expect, it } from 'vitest'
import type { ModuleInfo, Row } from '../../api/types'
import { field } from '../../fields/info'
import { askedOnTheWay, changedFields, clashes, copyValues, errorsPerTab, firstToFill, fitsKind, forAdding, formFields, formTabs, missingRequired, needsId, newValues, nextValues, pick, rebase, standsIn } from './form'

const module = {
  name: 'm',
  fields: [
    field('serial', { name: 'code', label: '编号' }), field('text', { name: 'name', label: '名称', required: true }), field('money', { name: 'limit', label: '额度', default: 0 }),
    field('refs', { name: 'tags', label: '标签' }), field('text', { name: 'h', hidden: true }), field('money', { name: 'sum', readonly: true }),
  ],
  tabs: [{ label: '基本', sections: [{ label: '', fields: ['code', 'name', 'gone'] }] }, { label: '其他', sections: [{ label: '', fields: ['limit', 'tags', 'sum'] }] }],
} as unknown as ModuleInfo

describe('form', () => {
  it('asks for what a new record bears in the place of what names it later', () => {
    const fields = [field('barcode', { name: 'typed', for_new: 'main' }), field('ref', { name: 'main', depends: { of: 'id' } }), field('text', { name: 'other' })]
    const shown = (of: typeof fields, isNew: boolean): string[] => of.filter((f) => standsIn(of, f.name, isNew)).map((f) => f.name)
    expect(shown(fields, true)).toEqual(['typed', 'other'])
    expect(shown(fields, false)).toEqual(['main', 'other'])
    // who may not add it names it later
    expect(shown([{ ...fields[0]!, readonly: true }, ...fields.slice(1)], true)).toEqual(['main', 'other'])
  })
  it('asks for what a kind alone has with that kind alone', () => {
    const words = { ...module, retire: 'off', only: { by: 'list', fields: { days: ['level', 'plan'], decimals: ['unit'] } } } as unknown as ModuleInfo
    const shown = (list: string | null): string[] => ['name', 'days', 'decimals'].filter((one) => fitsKind(words, one, { list }))
    expect([shown('unit'), shown('plan'), shown(null)]).toEqual([['name', 'decimals'], ['name', 'days'], ['name']])
    expect(fitsKind(module, 'name', {})).toBe(true)
    expect(['list', 'name', 'off', 'limit', 'days'].filter((one) => askedOnTheWay(words, one, ['list']))).toEqual(['name', 'days'])
    expect(['name', 'limit'].filter((one) => askedOnTheWay(module, one, []))).toEqual(['name', 'limit'])
  })
  it('starts from defaults and the preset, also of hidden fields', () => {
    expect(newValues(module, { h: 'x' })).toEqual({ code: null, name: null, limit: 0, tags: null, h: 'x', sum: null })
  })
  it('knows tabs only of fields there are', () => {
    expect(formTabs(module)[0]?.sections[0]?.fields).toEqual(['code', 'name'])
    expect(formTabs({ ...module, tabs: [] })[0]?.sections[0]?.fields).toContain('name')
  })
  it('starts where a person types: no number that is drawn, nothing that is filled already', () => {
    const fields = formFields(module)
    expect(firstToFill(fields, newValues(module, {}))).toBe('name')
    expect(firstToFill(fields, newValues(module, { name: '甲' }))).toBe('tags')
    expect(firstToFill(fields, newValues(module, { name: '甲', tags: ['a'] }))).toBe('name')
  })
  it('goes on in the group of the last one, unless that had none', () => {
    const grouped = { ...module, fields: [...module.fields, field('ref', { name: 'group' })], tree: { module: 'g', field: 'group' } } as unknown as ModuleInfo
    expect(nextValues(grouped, { group: 'a', limit: 5 }, { name: '甲', group: 'b', limit: 9 })).toMatchObject({ name: null, group: 'b', limit: 5 })
    expect(nextValues(grouped, { group: 'a' }, { group: null })).toMatchObject({ group: 'a' })
    expect(nextValues(module, {}, { name: '甲' })).toEqual(newValues(module, {}))
  })
  it('knows what can only be chosen once the record is there', () => {
    expect(needsId(field('ref', { name: 'main', depends: { product: 'id' } }))).toBe(true)
    expect(needsId(field('ref', { name: 'contact', depends: { parent: 'customer' } }))).toBe(false)
  })
  it('sends what changed', () => {
    const original = { name: '甲', limit: 1, tags: ['a'], note: null }
    const values = { name: '甲', limit: 2, tags: ['a'], note: undefined }
    expect(changedFields(values, original)).toEqual(['limit'])
    expect(pick(values, ['limit'])).toEqual({ limit: 2 })
    expect(forAdding(module, { name: '甲', limit: 0, tags: [], code: null, sum: 5 })).toEqual({ name: '甲', limit: 0 })
  })
  it('says what is missing, and on which tab', () => {
    const errors = missingRequired(module.fields, { name: ' '.trim() })
    expect(errors).toEqual({ name: '「名称」要填' })
    expect(errorsPerTab(formTabs(module), errors)).toEqual([1, 0])
  })
  it('a copy leaves number and computed values behind', () => {
    expect(copyValues(module, { id: '1', rev: 3, code: 'K1', name: '甲', sum: 9, limit: 7, tags: ['a'] })).toEqual({ code: null, name: '甲', limit: 7, tags: ['a'], sum: null })
  })
})

describe('two people at one record', () => {
  const original = { name: '甲', limit: 1, note: 'a', phone: '1' }
  const mine = { name: '甲', limit: 2, note: 'b', phone: '2' }
  const theirs: Row = { id: '1', rev: 2, name: '乙', limit: 3, note: 'a', phone: '2' }
  it('clash only where both changed to different values', () => expect(clashes(mine, original, theirs)).toEqual([{ field: 'limit', mine: 2, theirs: 3 }]))
  it('everything else of both survives', () => {
    expect(rebase(mine, original, theirs, new Set())).toEqual({ name: '乙', limit: 2, note: 'b', phone: '2' })
    expect(rebase(mine, original, theirs, new Set(['limit']))).toEqual({ name: '乙', limit: 3, note: 'b', phone: '2' })
  })
  it('copies no value that came with its middle hidden', () => {
    const secret = { ...module, fields: [field('phone', { name: 'phone', masked: true }), field('text', { name: 'note' })] } as ModuleInfo
    const copy = (phone: string): unknown => copyValues(secret, { id: '1', rev: 1, phone, note: '138****5678' } as Row)
    expect(copy('138****5678')).toEqual({ phone: null, note: '138****5678' })
    expect(copy('13812345678')).toEqual({ phone: '13812345678', note: '138****5678' })
  })
})
