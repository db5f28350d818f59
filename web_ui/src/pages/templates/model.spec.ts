import { describe, expect, it } from 'vitest'
import { headItems, headOf, moved, newDraft, sameDraft, wordsOf, type Draft, type Layout } from './model'

const layout = { paper: 'a4', head: [[{ name: 'customer', weight: 2 }, { name: 'number', weight: 1 }], [{ name: 'doc_on', weight: 1 }]] } as Layout
const draft: Draft = { id: 't1', rev: 3, name: '销货单', module: 'sale', base: 'sheet_a4', is_default: true, layout, ships: false }

describe('the head of a paper', () => {
  it('is a list with marks where rows begin, and comes back the same', () => {
    expect(headItems(layout.head).map(({ first }) => first)).toEqual([true, false, true])
    expect(headOf(headItems(layout.head))).toEqual(layout.head)
  })
  it('begins with a row whatever is marked', () => {
    expect(headOf([{ name: 'a' }, { name: 'b', number: 3 }])).toEqual([[{ name: 'a', weight: 1 }, { name: 'b', weight: 3 }]])
  })
})

describe('a template', () => {
  it('made from another one is new, and no default', () => {
    const made = newDraft(draft, '副本')
    expect([made.id, made.name, made.is_default, made.base]).toEqual([null, '副本', false, 'sheet_a4'])
  })
  it('is changed when what is sent is', () => {
    expect(sameDraft(draft, { ...draft, rev: 9 })).toBe(true)
    expect(sameDraft(draft, { ...draft, layout: { ...layout, paper: 'form' } })).toBe(false)
  })
})

describe('lists', () => {
  it('move one up or down', () => {
    expect(moved(['a', 'b', 'c'], 1, -1)).toEqual(['b', 'a', 'c'])
    expect(moved(['a', 'b', 'c'], 1, 1)).toEqual(['a', 'c', 'b'])
  })
  it('of words are parted by marks', () => { expect(wordsOf('制单、审核, 仓库，')).toEqual(['制单', '审核', '仓库']) })
})
