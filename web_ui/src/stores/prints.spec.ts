import { describe, expect, it } from 'vitest'
import type { DocumentPrint } from '@/api/types'
import { printsOf, printWords } from './prints'

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
  })
})
