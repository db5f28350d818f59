// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia'
import { describe, expect, it, vi } from 'vitest'
import type { DocumentPrint } from '@/api/types'
import { useModules } from './modules'
import { firstOf, printsOf, printWords, usePrints } from './prints'

const prints: DocumentPrint[] = [
  { name: 'receipt', titles: { retail: '销售小票' }, paper: 'roll80', paper_label: '小票纸 80 mm' },
  { name: 'sheet', titles: { retail: '销货单', order: '订货单' }, paper: 'a4', paper_label: 'A4' },
]

describe('prints of a document', () => {
  it('are those of its kind', () => {
    expect(printsOf(prints, 'order').map((one) => one.name)).toEqual(['sheet'])
    expect(printsOf(prints, 'return')).toEqual([])
    expect(printsOf(undefined, 'order')).toEqual([])
  })
  it('are called as the kind calls them', () => {
    expect(prints.map((one) => printWords(one, 'retail'))).toEqual(['销售小票（小票纸 80 mm）', '销货单（A4）'])
    expect(printWords({ ...prints[0]!, template: '我们的' }, 'retail')).toBe('我们的（小票纸 80 mm）')
  })
  it('begin with what was asked for, the default, what was printed last', () => {
    const made: DocumentPrint = { ...prints[1]!, name: 'template:1', template: '我们的', is_default: true }
    expect(firstOf([...prints, made], 'receipt', 'sheet')?.name).toBe('receipt')
    expect(firstOf([...prints, made], undefined, 'sheet')?.name).toBe('template:1')
    expect(firstOf(prints, undefined, 'sheet')?.name).toBe('sheet')
    expect(firstOf(prints, undefined, 'template:1')?.name).toBe('receipt')
  })
})

it('offers a template that was made while a list stays open', async () => {
  setActivePinia(createPinia())
  const made: DocumentPrint = { ...prints[1]!, name: 'template:1', template: '我们的', is_default: true }
  let known = prints
  vi.stubGlobal('fetch', vi.fn(async () => new Response(JSON.stringify({ chapters: [], modules: [{ name: 'sale', document: { prints: known } }] }), { status: 200 })))
  const modules = useModules(), store = usePrints()
  await modules.load()
  expect(store.offered('sale', 'order').map((one) => one.name)).toEqual(['sheet'])
  known = [...prints, made]
  await modules.load()
  expect(store.offered('sale', 'order').map((one) => one.name)).toEqual(['sheet', 'template:1'])
  vi.unstubAllGlobals()
})
