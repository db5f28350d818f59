import { describe, expect, it } from 'vitest'
import { choose, columnName, decisionOf, doneWords, kindCounts, likeWords, missing, oddWords, stateWords, takenBackWords, toWrite, type Counts, type JudgedRow, type PastImport } from './model'

const row = (number: number, more: Partial<JudgedRow> = {}): JudgedRow => ({ number, cells: [], faults: {}, reason: '', odd: {}, same: null, like: [{ id: 'a', title: '甲厂', reason: '电话相同' }], earlier: null, ...more })
const counts: Counts = { rows: 12, good: 10, bad: 2, twice: 4, same: 3, odd: 2, key: 'name' }

describe('columns', () => {
  it('are named as in the spreadsheet', () => {
    expect([0, 25, 26, 27, 701, 702].map(columnName)).toEqual(['A', 'Z', 'AA', 'AB', 'ZZ', 'AAA'])
  })
  it('give a field up that another one takes', () => {
    expect(choose(['name', '', 'phone'], 1, 'name')).toEqual(['', 'name', 'phone'])
    expect(choose(['name', '', ''], 0, '')).toEqual(['', '', ''])
  })
  it('tell what is missing', () => {
    const known = [{ name: 'name', label: '名称', required: true, help: '' }, { name: 'note', label: '备注', required: false, help: '' }]
    expect(missing(['note'], known).map((field) => field.name)).toEqual(['name'])
    expect(missing(['name'], known)).toEqual([])
  })
})

describe('rows that are there already', () => {
  it('are updated only where their key says which record is meant', () => {
    expect(decisionOf(row(2), 'update', new Map())).toBe('skip')
    expect(decisionOf(row(2, { same: 'a' }), 'update', new Map())).toBe('update')
    expect(decisionOf(row(2), 'update', new Map([[2, 'new']]))).toBe('new')
  })
  it('are counted with the choices of their own', () => {
    expect(toWrite(counts, 'skip', new Map(), new Map())).toBe(6)
    expect(toWrite(counts, 'new', new Map(), new Map())).toBe(10)
    expect(toWrite(counts, 'update', new Map(), new Map())).toBe(9)
    const known = new Map([[2, row(2)], [3, row(3, { same: 'a' })]])
    expect(toWrite(counts, 'update', new Map([[2, 'new'], [3, 'skip']]), known)).toBe(9)
    expect(toWrite(counts, 'skip', new Map([[2, 'new']]), known)).toBe(7)
  })
  it('are told apart from all others, so that the counts add up', () => {
    const n = kindCounts(counts)
    expect(n).toEqual({ bad: 2, twice: 4, plain: 6, odd: 2 })
    expect(n.bad + n.twice + n.plain).toBe(counts.rows)
    expect(n.plain).toBe(toWrite(counts, 'skip', new Map(), new Map()))
  })
  it('say what they are like', () => {
    expect(likeWords(row(2))).toBe('电话相同：甲厂')
    expect(likeWords(row(2, { like: [], earlier: { number: 1, reason: '客户名称相同' } }))).toBe('与第 1 行客户名称相同')
  })
})

it('says what was written', () => {
  expect(doneWords({ batch: '', added: 1200, changed: 0, left_out: 3, left: {}, state: '' })).toBe('新增 1,200 条，3 行没有导入')
  expect(doneWords({ batch: '', added: 2, changed: 0, left_out: 1, left: { bad: 1 }, state: 'draft' })).toBe('新增 2 张草稿，过账以后才算数，1 行没有导入（有误 1 行）')
  expect(doneWords({ batch: '', added: 2, changed: 0, left_out: 0, left: {}, state: 'posted' })).toBe('新增 2 张单据')
  expect(doneWords({ batch: '', added: 1, changed: 2, left_out: 1215, left: { bad: 1, same: 1200, repeated: 9, like: 3, unchanged: 2 }, state: '' }))
    .toBe('新增 1 条，更新 2 条，1,215 行没有导入（已存在、按选择跳过 1,200 行，可能已有、按选择跳过 3 行，和前面的行重复、按选择跳过 9 行，内容没有变化 2 行，有误 1 行）')
  const undone = { restored: 0, refused: [], refused_count: 0 }
  expect(takenBackWords({ ...undone, deleted: 3, drafts: 1 })).toEqual(['作废 2 张', '删除草稿 1 张'])
  expect(takenBackWords({ ...undone, deleted: 3, drafts: 3 })).toEqual(['删除草稿 3 张'])
})

describe('an import that was cut off', () => {
  const past: PastImport = { batch: 'b', at: '', operator: '', own: true, file: 'a.xlsx', added: 1, changed: 0, left_out: 0, undone_at: null, doing: '', was_cut: false, part: '' }
  it('says how it stands', () => {
    expect(stateWords(past)).toBe('')
    expect(stateWords({ ...past, undone_at: '2026-11-26' })).toBe('已撤销')
    expect(stateWords({ ...past, was_cut: true })).toBe('中断后写完')
    expect(stateWords({ ...past, was_cut: true, part: 'write' })).toBe('只导入了一部分：数据是从备份恢复或复制来的')
    expect(stateWords({ ...past, was_cut: true, part: 'stop' })).toBe('只撤销了一部分：数据是从备份恢复或复制来的')
    expect(stateWords({ ...past, was_cut: true, undone_at: '2026-11-26' })).toBe('中断后撤完')
    expect(stateWords({ ...past, doing: 'write' })).toBe('还没写完')
    expect(stateWords({ ...past, doing: 'stop' })).toBe('还没撤完')
  })
})

it('says once what does not look as usual in several cells', () => {
  expect(oddWords(row(2, { odd: { 3: '「手机」11 位', 4: '「手机」11 位', 5: '「邮编」6 位' } }))).toEqual(['「手机」11 位', '「邮编」6 位'])
})
